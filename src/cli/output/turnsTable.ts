import type { Identification } from '../../index.js';
import { clock, percent, table } from './output.js';
import { voiceLabel } from './voiceLabel.js';

/** The turns for people: `0:03.2–0:07.9  Alice  97 %`, then who spoke how long. */
export function turnsTable(result: Identification): string {
  if (result.segments.length === 0) return 'Nobody speaks in this recording.';
  const rows = result.segments.map((segment) => [
    `${clock(segment.start)}–${clock(segment.end)}`,
    voiceLabel(segment),
    // The score is about the name: a voice without one has none.
    segment.decision === 'unknown' ? '' : percent(segment.score),
    segment.overlap ? 'several voices' : '',
  ]);
  const seconds = new Map<string, number>();
  for (const segment of result.segments) {
    const label = voiceLabel(segment);
    seconds.set(label, (seconds.get(label) ?? 0) + segment.end - segment.start);
  }
  const spoken = [...seconds].map(([label, total]) => `${label} ${clock(total)}`);
  return `${table(rows)}\n\n${clock(result.durationSeconds)} in all: ${spoken.join(', ')}`;
}
