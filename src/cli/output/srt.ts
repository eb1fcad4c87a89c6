import { voiceLabel } from '../../display/voiceLabel.js';
import type { Identification } from '../../index.js';

/** The turns as SubRip subtitles, so that a player shows who is speaking. */
export function srt(result: Identification): string {
  return result.segments
    .map((segment, index) => {
      const text = withoutMarkup(voiceLabel(segment));
      return `${index + 1}\n${timestamp(segment.start)} --> ${timestamp(segment.end)}\n${text}\n\n`;
    })
    .join('');
}

/**
 * Players interpret tags (`<b>`), overrides (`{\\an8}`) and `-->` in subtitles, and the format has no escape for them:
 * they are replaced by characters that look the same.
 */
const LOOKALIKES: Readonly<Record<string, string>> = { '<': '‹', '>': '›', '{': '(', '}': ')' };
const withoutMarkup = (text: string): string => text.replace(/[<>{}]/g, (character) => LOOKALIKES[character]!);

/** `HH:MM:SS,mmm`. */
function timestamp(seconds: number): string {
  const ms = Math.round(seconds * 1000);
  const part = (value: number, digits: number) => String(value).padStart(digits, '0');
  const [h, m, s] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60];
  return `${part(h, 2)}:${part(m, 2)}:${part(s, 2)},${part(ms % 1000, 3)}`;
}
