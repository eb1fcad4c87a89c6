import { type Enrolled, rankEach } from './gallery/ranking.js';
import { MATCH_TUNING, type MatchOptions, type PooledVoice, type VoiceComparison } from './matchVoices.js';

/**
 * Matches each voice with the most likely enrolled person. The most certain pair goes first; a voice already matched with a
 * person supports or opposes a second match with that person, by the similarity of the two voices in this recording. Undefined for
 * a voice that is nobody's; `options.leastLlr` must not be below 0.
 */
export function matchPeople(
  probes: readonly PooledVoice[],
  enrolled: Enrolled,
  options: MatchOptions,
): (VoiceComparison | undefined)[] {
  const comparisons = rankEach(probes, enrolled, options).map(({ near }) => near);
  const taken = new Map<number, VoiceComparison>();
  const holders = new Map<string, number[]>();
  for (;;) {
    const next = surestPair(probes, comparisons, { taken, holders, options });
    if (!next) break;
    taken.set(next.row, next.comparison);
    holders.set(next.comparison.voice.id, [...(holders.get(next.comparison.voice.id) ?? []), next.row]);
  }
  return comparisons.map((_, row) => taken.get(row));
}

interface Assignment {
  readonly taken: ReadonlyMap<number, VoiceComparison>;
  readonly holders: ReadonlyMap<string, readonly number[]>;
  readonly options: MatchOptions;
}

/** The pair of highest llr among voices not yet matched. */
function surestPair(
  probes: readonly PooledVoice[],
  comparisons: readonly (readonly VoiceComparison[])[],
  { taken, holders, options }: Assignment,
): { row: number; comparison: VoiceComparison } | undefined {
  let best: { row: number; comparison: VoiceComparison } | undefined;
  let highest = options.leastLlr;
  comparisons.forEach((list, row) => {
    if (taken.has(row)) return;
    for (const comparison of list) {
      const others = holders.get(comparison.voice.id) ?? [];
      const support = others.map((other) => options.samePersonLlr(probes[row]!, probes[other]!));
      const llr = comparison.llr + (support.length > 0 ? Math.min(MATCH_TUNING.mostSupport, Math.max(...support)) : 0);
      if (llr >= highest) {
        highest = llr;
        best = { row, comparison };
      }
    }
  });
  return best;
}
