import { compare, type MatchOptions, type PooledVoice } from './matchVoices.js';
import type { EnrolledVoice } from './voices.js';

/** When a part of a voice is another person's. Tuned on conversations of other seeds than those that are reported. */
export const OTHERS_TUNING = {
  /** Speech that a person must have: less is chance. */
  leastSeconds: 1,
  /** llr of all windows assigned to a person, from which they are theirs; a stranger's are below its negative. */
  leastLlr: 1,
  /** How much more likely, as llr, each part is its own person's than the other's, both parts added up. */
  leastContrast: 6,
};

/** The windows or turns of one voice that are most similar to one person. */
export interface PersonPart {
  /** Number of the enrolled person, or how many there are for a stranger. */
  readonly person: number;
  readonly pooled: PooledVoice;
}

/** llr of each enrolled person in their order, followed by 0 for a stranger; shape (people + 1,). */
export function personLlrs(
  pooled: PooledVoice,
  enrolled: readonly EnrolledVoice[],
  options: Pick<MatchOptions, 'calibration' | 'isNarrowBand'>,
): Float64Array {
  const llrs = new Map(compare(pooled, enrolled, options).map(({ voice, llr }) => [voice.id, llr]));
  return Float64Array.from([...enrolled.map(({ id }) => llrs.get(id)!), 0]);
}

/** The parts of a voice that clearly belong to another person than the largest part: two people were merged. */
export function othersIn<P extends PersonPart>(
  parts: readonly P[],
  llrsOf: (pooled: PooledVoice) => Float64Array,
  tuning = OTHERS_TUNING,
): P[] {
  const [main, ...others] = [...parts].sort((a, b) => b.pooled.speechSeconds - a.pooled.speechSeconds);
  if (!main || others.length === 0) return [];
  const mainLlrs = llrsOf(main.pooled);
  const stranger = mainLlrs.length - 1;
  return others.filter(({ person, pooled }) => {
    const llrs = llrsOf(pooled);
    const contrast = llrs[person]! - llrs[main.person]! + mainLlrs[main.person]! - mainLlrs[person]!;
    const isTheirs = person === stranger ? llrs[main.person]! <= -tuning.leastLlr : llrs[person]! >= tuning.leastLlr;
    return isTheirs && pooled.speechSeconds >= tuning.leastSeconds && contrast >= tuning.leastContrast;
  });
}
