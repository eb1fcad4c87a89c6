import { clock, percent } from '../../display/figures.js';
import { voiceId, voiceLabel } from '../../display/voiceLabel.js';
import type { Identification, IdentifiedSegment } from '../../index.js';
import { table } from './output.js';

/** A longer pause separates two rows, even where the same person continues after it. */
const LONGEST_MERGED_PAUSE_SECONDS = 10;

/** Consecutive turns of one voice. */
interface Row {
  readonly first: IdentifiedSegment;
  end: number;
  score: number;
  turns: number;
  overlap: boolean;
}

/**
 * Human-readable list of turns: `0:03.2–0:07.9  Alice  97 %`, then the speaking time of each voice. Neighbouring turns of one
 * voice are one row, unless `isEveryTurn`.
 */
export function turnsTable(result: Identification, { isEveryTurn = false } = {}): string {
  if (result.segments.length === 0) return 'There is no speech in this recording.';
  const rows = rowsOf(result.segments, isEveryTurn).map(({ first, end, score, turns, overlap }) => [
    `${clock(first.start)}–${clock(end)}`,
    voiceLabel(first),
    // The score refers to the name: a voice without a name has none.
    first.decision === 'unknown' ? '' : percent(score),
    [turns > 1 ? `${turns} turns` : '', overlap ? 'several voices' : ''].filter(Boolean).join(', '),
  ]);
  // By voice, since two people may have the same name.
  const spoken = new Map<string, { readonly label: string; seconds: number }>();
  for (const segment of result.segments) {
    const label = voiceLabel(segment);
    const key = `${voiceId(segment)} ${label}`;
    const one = spoken.get(key) ?? { label, seconds: 0 };
    spoken.set(key, { label, seconds: one.seconds + segment.end - segment.start });
  }
  const totals = [...spoken.values()].map(({ label, seconds }) => `${label} ${clock(seconds)}`);
  return `${table(rows)}\n\n${clock(result.durationSeconds)} in all: ${totals.join(', ')}`;
}

function rowsOf(segments: readonly IdentifiedSegment[], isEveryTurn: boolean): Row[] {
  const rows: Row[] = [];
  for (const segment of segments) {
    const { end, score, overlap } = segment;
    const last = rows.at(-1);
    const isNext =
      last !== undefined &&
      last.first.decision === segment.decision &&
      voiceId(last.first) === voiceId(segment) &&
      segment.start - last.end <= LONGEST_MERGED_PAUSE_SECONDS;
    if (isNext && !isEveryTurn) {
      last.end = Math.max(last.end, end);
      last.score = Math.max(last.score, score);
      last.turns += 1;
      last.overlap ||= overlap;
    } else rows.push({ first: segment, end, score, turns: 1, overlap });
  }
  return rows;
}
