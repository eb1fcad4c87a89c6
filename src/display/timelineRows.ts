import stringWidth from 'string-width';
import type { IdentifiedSegment } from '../core/identification.js';
import { clock, percent } from './figures.js';
import { printableLine } from './printable.js';
import { voiceId, voiceLabel } from './voiceLabel.js';

/** Maximum width of a letter of a row's label; wide letters count twice. */
const LETTER_WIDTH = 8;
const NOTE_LETTER_WIDTH = 7;
/** Okabe & Ito's colours (2008): distinguishable with colour blindness, on white and on near-black. */
export const PALETTE = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00'] as const;
export const UNKNOWN_COLOUR = '#8b949e';

/** All turns of one voice. */
export interface Row {
  /** Shortened. */
  readonly label: string;
  /** How long the voice speaks, and how sure its name is. Shortened. */
  readonly note: string;
  readonly isKnown: boolean;
  readonly colour: string;
  readonly seconds: number;
  readonly bestScore: number;
  readonly segments: readonly IdentifiedSegment[];
}

/** A row per voice, named ones first. */
export function rowsOf(segments: readonly IdentifiedSegment[], mostLetters: number): readonly Row[] {
  const voices = new Map<string, IdentifiedSegment[]>();
  for (const segment of segments) {
    const id = voiceId(segment);
    const own = voices.get(id);
    if (own) own.push(segment);
    else voices.set(id, [segment]);
  }
  const isKnown = (own: readonly IdentifiedSegment[]) => own[0]!.decision === 'identified';
  // A stable sort: within each half the order of first appearance is kept.
  const ordered = [...voices.values()].sort((a, b) => Number(isKnown(b)) - Number(isKnown(a)));
  return ordered.map((own, index) => {
    const seconds = own.reduce((sum, { start, end }) => sum + end - start, 0);
    const bestScore = own.reduce((best, { score }) => Math.max(best, score), 0);
    const full = isKnown(own) ? voiceLabel(own[0]!) : voiceId(own[0]!);
    return {
      label: shortened(full, mostLetters),
      note: noteOf(own, { seconds, bestScore, mostLetters }),
      isKnown: isKnown(own),
      colour: isKnown(own) ? PALETTE[index % PALETTE.length]! : UNKNOWN_COLOUR,
      seconds,
      bestScore,
      segments: own,
    };
  });
}

interface Measured {
  readonly seconds: number;
  readonly bestScore: number;
  readonly mostLetters: number;
}

function noteOf(segments: readonly IdentifiedSegment[], { seconds, bestScore, mostLetters }: Measured): string {
  const spoken = seconds < 60 ? `${seconds.toFixed(1)} s` : clock(seconds).replace(/\.\d$/, '');
  if (segments[0]!.decision === 'identified') return `${spoken} · ${percent(bestScore)}`;
  const candidate = segments.find(({ decision, name }) => decision === 'uncertain' && name !== null)?.name;
  return candidate ? `${spoken} · ${shortened(candidate, mostLetters)}?` : spoken;
}

/** Width of what stands before the bars of a row, in pixels. */
export const labelWidthOf = ({ label, note }: Row): number =>
  Math.max(LETTER_WIDTH * stringWidth(label), NOTE_LETTER_WIDTH * stringWidth(note));

/** Text on one line, of at most `most` columns. */
export function shortened(text: string, most: number): string {
  const line = printableLine(text);
  if (stringWidth(line) <= most) return line;
  // A name of megabytes is not measured letter by letter.
  const letters = [...line.slice(0, 4 * most)];
  while (stringWidth(letters.join('')) > most - 1) letters.pop();
  return `${letters.join('')}…`;
}
