import { dot } from '../../core/vector.js';
import { CentredGallery } from '../centredGallery.js';
import type { WindowLikeness } from '../clusterWindows.js';
import type { HeardVoice, VoiceComparison } from '../matchVoices.js';
import type { SessionVoice } from './sessionVoice.js';

/** How sure it is that a turn is a voice's, as llr: fitted to turns of conversations of other seeds than those that are reported. */
export const OWNER_TUNING = {
  offset: -3,
  /** For a cosine as far above another as one voice's usually is above two voices'. */
  likeness: 4.5,
  /** The same where nobody else was heard in this session, who would show what voices here have in common. */
  alone: -1.7,
  likenessAlone: 3.7,
  /** For each unit of ln(seconds) of the turn. */
  logSeconds: -2.2,
  likenessLogSeconds: 1.5,
  /** What voiceprints say of which voice it is, for each unit of llr, and the most llr that counts. */
  support: 0.5,
  narrowBandSupport: 0.33,
  mostSupport: 4,
  /** Chance, before anything is heard, that a turn is a voice's that was not heard before. */
  newcomer: 0.4,
  leastSeconds: 0.3,
  mostSeconds: 4,
  /** See CentredGallery: what the other voices of the session have in common is the room's or the line's. */
  centring: 1,
};

export interface OwnersInput {
  /** The turn by itself. */
  readonly heard: HeardVoice;
  /** The turn with everybody enrolled, best first. */
  readonly ranked: readonly VoiceComparison[];
  readonly voices: readonly SessionVoice[];
  /** How alike windows of one voice and of two are, for the speaker model. */
  readonly usual: WindowLikeness;
  readonly isNarrowBand: boolean;
}

/** Whose a turn may be. */
export interface TurnOwners {
  /** Probability of each voice of the session, in their order. */
  readonly shares: Float64Array;
  /** Probability that nobody of the session was heard. */
  readonly newcomer: number;
}

/** How likely a turn is each voice's of the session: by its likeness within the stream, and by what voiceprints say. */
export function turnOwners({ heard, ranked, voices, usual, isNarrowBand }: OwnersInput): TurnOwners {
  if (voices.length === 0) return { shares: new Float64Array(0), newcomer: 1 };
  const tuning = OWNER_TUNING;
  const log = Math.log(Math.min(tuning.mostSeconds, Math.max(tuning.leastSeconds, heard.speechSeconds)));
  const weight = isNarrowBand ? tuning.narrowBandSupport : tuning.support;
  const prior = (1 - tuning.newcomer) / tuning.newcomer / voices.length;
  const means = voices.map((voice) => ({ mean: voice.heard.centroid }));
  const session = new CentredGallery(means, tuning.centring);
  const probeToSum = session.toSum(heard.centroid);
  const odds = Float64Array.from(voices, (voice, i) => {
    const cosine = dot(heard.centroid, voice.heard.centroid);
    const centred = session.centred(means[i]!, { cosine, probeToSum, probeToMean: cosine });
    const alike = centred / (usual.same - usual.different);
    const llr =
      tuning.offset +
      tuning.logSeconds * log +
      tuning.alone * session.alone +
      alike * (tuning.likeness + tuning.likenessLogSeconds * log + tuning.likenessAlone * session.alone) +
      weight * supportOf(voice, ranked);
    return prior * Math.exp(llr);
  });
  const total = odds.reduce((sum, one) => sum + one, 1);
  return { shares: odds.map((one) => one / total), newcomer: 1 / total };
}

/**
 * How much the voiceprints speak for or against a voice: for it where the turn is like the voice's person, against it
 * where it is like somebody else, and more so than the voice itself is.
 */
function supportOf({ verdict: { voiceId }, llrs }: SessionVoice, ranked: readonly VoiceComparison[]): number {
  const own = ranked.find(({ voice }) => voice.id === voiceId)?.llr ?? 0;
  const other = ranked.reduce(
    (most, { voice: { id }, llr }) => (id === voiceId ? most : Math.max(most, llr - Math.max(0, llrs.get(id) ?? 0))),
    0,
  );
  const { mostSupport } = OWNER_TUNING;
  return Math.max(-mostSupport, Math.min(mostSupport, own - other));
}
