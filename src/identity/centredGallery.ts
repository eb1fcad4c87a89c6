import { dot } from '../core/vector.js';
import type { EnrolledVoice } from './voices.js';

/**
 * The enrolled people and what their voiceprints have in common. A telephone line, a room or a studio changes all voices
 * recorded there in the same way, so that those of different people are more similar. The mean of the other enrolled
 * voiceprints estimates that change: it is subtracted from both sides of a comparison, after it was shrunk towards zero, the
 * more the fewer other people are enrolled.
 */
export class CentredGallery<V extends MeanVoice = EnrolledVoice> {
  readonly #sum: Float32Array;
  /** Dot product of each voiceprint with the sum of all. */
  readonly #toSum: ReadonlyMap<V, number>;
  readonly #sumSquared: number;
  readonly #weight: number;
  /** Weight of zero in the shrunk mean, 0..1: 1 where nothing is subtracted. */
  readonly alone: number;

  /** @param centring pseudo-count of the shrinkage: so many zero vectors are added to the mean; undefined: nothing is subtracted */
  constructor(voices: readonly V[], centring: number | undefined) {
    this.#sum = sumOf(voices);
    this.#toSum = new Map(voices.map((voice) => [voice, dot(voice.mean, this.#sum)]));
    this.#sumSquared = dot(this.#sum, this.#sum);
    const others = voices.length - 1;
    this.#weight = centring === undefined || others < 1 ? 0 : 1 / (others + centring);
    this.alone = this.#weight === 0 ? 1 : centring! * this.#weight;
  }

  /** Dot product of a probe, the voice to be named, with the sum of all voiceprints, for `centred`. */
  toSum(probe: Float32Array): number {
    return this.#weight === 0 ? 0 : dot(probe, this.#sum);
  }

  /**
   * @param cosine of the probe and this voiceprint
   * @param probeToSum what `toSum` returns for the probe
   * @param probeToMean dot product of the probe with the mean of the voiceprint
   */
  centred(voice: V, { cosine, probeToSum, probeToMean }: ProbeCosines): number {
    if (this.#weight === 0) return cosine;
    const voiceToSum = this.#toSum.get(voice)!;
    const probeToOthers = this.#weight * (probeToSum - probeToMean);
    const voiceToOthers = this.#weight * (voiceToSum - 1);
    const othersSquared = this.#weight ** 2 * (this.#sumSquared - 2 * voiceToSum + 1);
    const length = (toOthers: number) => Math.sqrt(Math.max(LEAST_SQUARE, 1 - 2 * toOthers + othersSquared));
    return (cosine - probeToOthers - voiceToOthers + othersSquared) / (length(probeToOthers) * length(voiceToOthers));
  }
}

/** What is compared of a voice: its mean, of unit norm. */
interface MeanVoice {
  readonly mean: Float32Array;
}

/** Similarities of a probe to one voiceprint and to all of them together. */
interface ProbeCosines {
  readonly cosine: number;
  readonly probeToSum: number;
  readonly probeToMean: number;
}

export const LEAST_SQUARE = 1e-3;

function sumOf(voices: readonly MeanVoice[]): Float32Array {
  const sum = new Float32Array(voices[0]?.mean.length ?? 0);
  for (const { mean } of voices) for (let i = 0; i < sum.length; i += 1) sum[i]! += mean[i]!;
  return sum;
}
