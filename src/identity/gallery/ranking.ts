import { finished, type Steps } from '../../core/steps.js';
import { compare, type MatchOptions, type PooledVoice, type VoiceComparison } from '../matchVoices.js';
import { personLlrs } from '../othersIn.js';
import type { EnrolledVoice } from '../voices.js';
import type { GalleryParts } from './galleryParts.js';
import { type AllComparisons, GalleryView, PROBES_AT_ONCE } from './galleryView.js';
import type { GallerySnapshot } from './voiceGallery.js';

/** Everybody who may be named: a list, where they are few, or a gallery of any size. */
export type Enrolled = readonly EnrolledVoice[] | GallerySnapshot;

/** One voice compared with everybody: those it may be one by one, all others together. */
export interface Ranking {
  /** Best first: everybody with an llr of at least 0, and the best in any case. */
  readonly near: readonly VoiceComparison[];
  /** How many people there are, near or not. */
  readonly people: number;
  /** Sum of exp(llr) of all who are not near. */
  readonly farWeight: number;
}

type Options = Pick<MatchOptions, 'calibration' | 'isNarrowBand'>;

/** People who are near whatever their llr. */
const LEAST_NEAR = 64;
/** People in one step of adding up. */
const STEP_PEOPLE = 16_384;

const isGallery = (enrolled: Enrolled): enrolled is GallerySnapshot => 'view' in enrolled;

export const peopleIn = (enrolled: Enrolled): number => (isGallery(enrolled) ? enrolled.view.people : enrolled.length);

/** A posted gallery: people have numbers for ids, which the sender knows (see withIds). */
export function postedGallery(parts: GalleryParts): GallerySnapshot {
  const view = new GalleryView(parts);
  return { view, idOf: String, numberOf: Number };
}

/**
 * Several probes, which read a gallery once.
 *
 * @param always ids of people who are near in any case
 */
export function rankEach(
  probes: readonly PooledVoice[],
  enrolled: Enrolled,
  options: Options,
  always: Iterable<string> = [],
): Ranking[] {
  return finished(rankInSteps(probes, enrolled, options, always));
}

/** The same in steps of a few milliseconds at most. */
export function* rankInSteps(
  probes: readonly PooledVoice[],
  enrolled: Enrolled,
  options: Options,
  always: Iterable<string> = [],
): Steps<Ranking[]> {
  if (!isGallery(enrolled)) {
    return probes.map((probe) => rankingOf(compare(probe, enrolled, options)));
  }
  const kept = new Set(Array.from(always, (id) => enrolled.numberOf(id)).filter((number) => number !== undefined));
  const rankings: Ranking[] = [];
  for (let at = 0; at < probes.length; at += PROBES_AT_ONCE) {
    const found = yield* enrolled.view.compareAll(probes.slice(at, at + PROBES_AT_ONCE), options);
    for (const all of found) rankings.push(yield* ranking(all, enrolled, kept));
  }
  return rankings;
}

/** A list of comparisons with everybody as a ranking. */
export const rankingOf = (comparisons: readonly VoiceComparison[]): Ranking => ({
  near: comparisons,
  people: comparisons.length,
  farWeight: 0,
});

/** A ranking in which some more people are near. */
export function withPeople(
  ranking: Ranking,
  ids: Iterable<string>,
  probe: PooledVoice,
  { enrolled, ...options }: Options & { readonly enrolled: Enrolled },
): Ranking {
  if (!isGallery(enrolled)) return ranking;
  const near = new Set(ranking.near.map(({ voice: { id } }) => id));
  const more = [...new Set(ids)].flatMap((id): VoiceComparison[] => {
    const number = near.has(id) ? undefined : enrolled.numberOf(id);
    return number === undefined ? [] : [{ voice: { id }, ...enrolled.view.compareOne(probe, number, options) }];
  });
  if (more.length === 0) return ranking;
  const weight = more.reduce((sum, { llr }) => sum + Math.exp(llr), 0);
  return {
    near: [...ranking.near, ...more].sort((a, b) => b.llr - a.llr),
    people: ranking.people,
    farWeight: Math.max(0, ranking.farWeight - weight),
  };
}

/** A ranking without some people, all of them near: they weigh nothing. */
export function without({ near, people, farWeight }: Ranking, ids: ReadonlySet<string>): Ranking {
  if (ids.size === 0) return { near, people, farWeight };
  const left = near.filter(({ voice: { id } }) => !ids.has(id));
  return { near: left, people: people - (near.length - left.length), farWeight };
}

function* ranking(
  { llrs, cosines }: AllComparisons,
  { view, idOf }: GallerySnapshot,
  kept: ReadonlySet<number>,
): Steps<Ranking> {
  const near = new Set([...(yield* nearest(llrs)), ...kept]);
  let farWeight = 0;
  for (let number = 0; number < llrs.length; number += 1) {
    if (!near.has(number)) farWeight += Math.exp(llrs[number]!); // 0 for those who are not there
    if (number % STEP_PEOPLE === 0) yield;
  }
  const comparisons = [...near].flatMap((number): VoiceComparison[] => {
    const id = idOf(number);
    return id === undefined ? [] : [{ voice: { id }, cosine: cosines[number]!, llr: llrs[number]! }];
  });
  return { near: comparisons.sort((a, b) => b.llr - a.llr), people: view.people, farWeight };
}

/** Numbers of all with an llr of at least 0, and of the LEAST_NEAR best. */
function* nearest(llrs: Float64Array): Steps<number[]> {
  let best: number[] = [];
  let least = Number.NEGATIVE_INFINITY;
  const settle = () => {
    best.sort((a, b) => llrs[b]! - llrs[a]!);
    best = best.filter((one, i) => i < LEAST_NEAR || llrs[one]! >= 0);
  };
  for (let number = 0; number < llrs.length; number += 1) {
    if (number % STEP_PEOPLE === 0) yield;
    const llr = llrs[number]!;
    if (llr <= least || llr === Number.NEGATIVE_INFINITY) continue;
    best.push(number);
    if (best.length % (8 * LEAST_NEAR) !== 0) continue;
    settle();
    if (best.length === LEAST_NEAR) least = llrs[best[LEAST_NEAR - 1]!]!;
  }
  settle();
  return best;
}

/** The people that some of the probes may be, and their llrs: whoever is left out is less likely than a stranger in each of them. */
export interface LikelyPeople {
  /** llr of each of these people, followed by 0 for a stranger; shape (people + 1,). */
  llrsOf(probe: PooledVoice): Float64Array;
}

export function likelyPeople(probes: readonly PooledVoice[], enrolled: Enrolled, options: Options): LikelyPeople {
  if (!isGallery(enrolled)) return { llrsOf: (probe) => personLlrs(probe, enrolled, options) };
  const { view } = enrolled;
  const numbers = view.likely(probes, options);
  return {
    llrsOf: (probe) => Float64Array.from([...numbers.map((number) => view.compareOne(probe, number, options).llr), 0]),
  };
}
