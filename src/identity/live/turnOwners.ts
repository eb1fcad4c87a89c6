import { dot } from '../../core/vector.js';
import { CentredGallery } from '../centredGallery.js';
import type { WindowSimilarity } from '../clusterWindows.js';
import type { PooledVoice, VoiceComparison } from '../matchVoices.js';
import type { SessionVoice } from './sessionVoice.js';

/** Log-likelihood ratio that a turn is of a voice: fitted to turns of conversations of other seeds than those that are reported. */
export const OWNER_TUNING = {
  offset: -3,
  /** Weight of the centred cosine, in units of the usual difference between one voice and two. */
  similarity: 4.5,
  /** The same where the session has no other voice, so that nothing can be subtracted; see CentredGallery. */
  alone: -1.7,
  similarityAlone: 3.7,
  /** For each unit of ln(seconds) of the turn. */
  logSeconds: -2.2,
  similarityLogSeconds: 1.5,
  /** Weight of the voiceprints' llr, and the largest llr that counts. */
  support: 0.5,
  narrowBandSupport: 0.33,
  mostSupport: 4,
  /** Prior probability that a turn is of a voice new to the session. */
  newcomer: 0.4,
  leastSeconds: 0.3,
  mostSeconds: 4,
  /** See CentredGallery: what the other voices of the session have in common is the room's or the line's. */
  centring: 1,
};

export interface OwnersInput {
  /** The turn by itself. */
  readonly pooled: PooledVoice;
  /** The turn with everybody enrolled, best first. */
  readonly ranked: readonly VoiceComparison[];
  readonly voices: readonly SessionVoice[];
  /** Usual similarity of windows of one voice and of two, for the speaker model. */
  readonly usual: WindowSimilarity;
  readonly isNarrowBand: boolean;
}

/** Which voices a turn may be of. */
export interface TurnOwners {
  /** Probability of each voice of the session, in their order. */
  readonly shares: Float64Array;
  /** Probability that the turn is of none of them. */
  readonly newcomer: number;
}

/** Probability that a turn is of each voice of the session, from its similarity within the stream and from the voiceprints. */
export function turnOwners({ pooled, ranked, voices, usual, isNarrowBand }: OwnersInput): TurnOwners {
  if (voices.length === 0) return { shares: new Float64Array(0), newcomer: 1 };
  const tuning = OWNER_TUNING;
  const log = Math.log(Math.min(tuning.mostSeconds, Math.max(tuning.leastSeconds, pooled.speechSeconds)));
  const weight = isNarrowBand ? tuning.narrowBandSupport : tuning.support;
  const prior = (1 - tuning.newcomer) / tuning.newcomer / voices.length;
  const means = voices.map((voice) => ({ mean: voice.pooled.centroid }));
  const session = new CentredGallery(means, tuning.centring);
  const probeToSum = session.toSum(pooled.centroid);
  const odds = Float64Array.from(voices, (voice, i) => {
    const cosine = dot(pooled.centroid, voice.pooled.centroid);
    const centred = session.centred(means[i]!, { cosine, probeToSum, probeToMean: cosine });
    const alike = centred / (usual.same - usual.different);
    const llr =
      tuning.offset +
      tuning.logSeconds * log +
      tuning.alone * session.alone +
      alike * (tuning.similarity + tuning.similarityLogSeconds * log + tuning.similarityAlone * session.alone) +
      weight * supportOf(voice, ranked);
    return prior * Math.exp(llr);
  });
  const total = odds.reduce((sum, one) => sum + one, 1);
  return { shares: odds.map((one) => one / total), newcomer: 1 / total };
}

/**
 * Evidence of the voiceprints for or against a voice: for it where the turn is similar to the voice's person, against it where
 * it is more similar to another person than the voice is.
 */
function supportOf({ verdict: { speakerId }, llrs }: SessionVoice, ranked: readonly VoiceComparison[]): number {
  const own = ranked.find(({ voice }) => voice.id === speakerId)?.llr ?? 0;
  const other = ranked.reduce(
    (most, { voice: { id }, llr }) => (id === speakerId ? most : Math.max(most, llr - Math.max(0, llrs.get(id) ?? 0))),
    0,
  );
  const { mostSupport } = OWNER_TUNING;
  return Math.max(-mostSupport, Math.min(mostSupport, own - other));
}
