import type { Steps } from '../../core/steps.js';
import { posteriors, uncertainScore, type Verdict, verdictOf } from '../decide.js';
import { type Ranking, without, withPeople } from '../gallery/ranking.js';
import { MATCH_TUNING, type PooledVoice } from '../matchVoices.js';
import { compareEach, heldBesides, type SessionPeople } from './sessionPeople.js';
import { SESSION_TUNING, type SessionVoicesOptions, usualSimilarity } from './sessionTuning.js';
import type { SessionVoice } from './sessionVoice.js';
import { turnOwners } from './turnOwners.js';
import type { VoiceSum } from './voiceSum.js';

/** What is known of a turn: by its own sound, and by what is sure of the voice it is likely of. */
export interface TurnJudgement {
  /** The likeliest voice of the session; undefined where somebody not heard before is likelier. */
  readonly voice: SessionVoice | undefined;
  /** How sure it is that the turn is that voice's, 0..1. */
  readonly share: number;
  readonly verdict: Verdict;
}

const NOBODY_EXCLUDED: ReadonlySet<string> = new Set();

/**
 * Who speaks in a turn. The score of a person is a sum over the voices of the session, each weighted by the probability that
 * the turn is of that voice, plus the comparison of the turn itself, weighted by the probability that its voice is new: a
 * score never exceeds the probability that the turn belongs to the voice it is taken from.
 */
export function* judgeTurn(own: VoiceSum, session: SessionPeople): Steps<TurnJudgement> {
  const { voices, calibration, isNarrowBand } = session;
  const pooled = own.pooled()!;
  const ranked = (yield* compareEach([pooled], session))[0]!;
  const owners = {
    pooled,
    ranked: ranked.near,
    voices,
    usual: usualSimilarity(calibration),
    isNarrowBand,
  };
  const { shares, newcomer } = turnOwners(owners);
  const scores = new Map<string, number>();
  const add = (weight: number, ranking: Ranking, voice?: SessionVoice) => {
    const held = heldBesides(voices, voice);
    const likely = ranking.near.map((one) => ({
      llr: one.llr + (held.has(one.voice.id) ? MATCH_TUNING.mostSupport : 0),
    }));
    posteriors(likely, calibration, ranking).forEach((score, i) => {
      const { id } = ranking.near[i]!.voice;
      scores.set(id, (scores.get(id) ?? 0) + weight * score);
    });
  };
  let best: { readonly voice: SessionVoice; readonly share: number } | undefined;
  const asked: { readonly voice: SessionVoice | undefined; readonly share: number; readonly probe: PooledVoice }[] = [];
  voices.forEach((voice, i) => {
    const share = shares[i]!;
    if (share > Math.max(newcomer, best?.share ?? 0)) best = { voice, share };
    if (share < SESSION_TUNING.leastShare) return;
    if (voice.bound === undefined) asked.push({ voice, share, probe: voice.pooledWith(own) });
    else scores.set(voice.bound, (scores.get(voice.bound) ?? 0) + share);
  });
  const probes = asked.map(({ probe }) => probe);
  const rankings = [...(yield* compareEach(probes, session)), ranked];
  // Whoever may be named by one of them is looked at in all.
  const likely = rankings.flatMap(({ near }) => near.slice(0, SESSION_TUNING.likeliest).map(({ voice: { id } }) => id));
  const completed = [...asked, { voice: undefined, share: newcomer, probe: pooled }].map(
    ({ voice, share, probe }, i) => {
      const ranking = withPeople(rankings[i]!, likely, probe, session);
      add(share, without(ranking, voice?.excluded ?? NOBODY_EXCLUDED), voice);
      return ranking;
    },
  );
  const verdict = verdictOfScores(completed.at(-1)!, scores, session);
  return { voice: best?.voice, share: best?.share ?? newcomer, verdict };
}

function verdictOfScores(
  { near, people }: Ranking,
  scores: ReadonlyMap<string, number>,
  options: SessionVoicesOptions,
): Verdict {
  const cosines = new Map(near.map(({ voice, cosine }) => [voice.id, cosine]));
  const candidates = [...scores]
    .map(([speakerId, score]) => ({ speakerId, score: Math.min(1, score), cosine: cosines.get(speakerId) ?? 0 }))
    .sort((a, b) => b.score - a.score);
  const [first] = candidates;
  const isLikely = first && first.score >= uncertainScore(people, options.calibration);
  return verdictOf(candidates, isLikely ? first.speakerId : undefined, options);
}
