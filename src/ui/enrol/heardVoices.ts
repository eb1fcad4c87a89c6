import type { IdentifiedSegment } from '../../core/identification.js';

/** Less of another voice may be a laugh or an echo. */
const LEAST_SECOND_VOICE_SECONDS = 1.5;

/** Whether a recording that should hold one voice holds another, and whom the first one sounds like. */
export function heardVoices(segments: readonly IdentifiedSegment[]) {
  const seconds = new Map<string, number>();
  for (const { speakerId, cluster, start, end } of segments) {
    const voice = cluster ?? speakerId ?? '';
    seconds.set(voice, (seconds.get(voice) ?? 0) + end - start);
  }
  const [, second = 0] = [...seconds.values()].sort((a, b) => b - a);
  const named = segments.find(({ decision }) => decision === 'identified');
  return {
    hasSecondVoice: second >= LEAST_SECOND_VOICE_SECONDS,
    soundsLike: named?.speakerId && named.name !== null ? { speakerId: named.speakerId, name: named.name } : undefined,
  };
}
