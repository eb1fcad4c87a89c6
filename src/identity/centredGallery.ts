import { dot } from '../core/vector.js';
import type { EnrolledVoice } from './voices.js';

/**
 * The enrolled people with what they have in common. A line, a room or a studio gives something to all its voices, which
 * makes strangers there alike; whoever is enrolled beside a person shows how much. Both sides of a comparison are
 * therefore centred on the mean of everybody else enrolled, shrunk to nothing the fewer there are.
 */
export class CentredGallery<V extends MeanVoice = EnrolledVoice> {
  readonly #sum: Float32Array;
  /** Dot product of each voiceprint with the sum of all. */
  readonly #toSum: ReadonlyMap<V, number>;
  readonly #sumSquared: number;
  readonly #weight: number;
  /** How little is known of what they have in common, 0..1. */
  readonly alone: number;

  /** @param centring voices like nobody that are counted among the others; undefined: nothing is centred */
  constructor(voices: readonly V[], centring: number | undefined) {
    this.#sum = sumOf(voices);
    this.#toSum = new Map(voices.map((voice) => [voice, dot(voice.mean, this.#sum)]));
    this.#sumSquared = dot(this.#sum, this.#sum);
    const others = voices.length - 1;
    this.#weight = centring === undefined || others < 1 ? 0 : 1 / (others + centring);
    this.alone = this.#weight === 0 ? 1 : centring! * this.#weight;
  }

  /** Dot product of a heard voice with the sum of all, for `centred`. */
  toSum(heard: Float32Array): number {
    return this.#weight === 0 ? 0 : dot(heard, this.#sum);
  }

  /**
   * @param cosine of the heard voice and this voiceprint
   * @param heardToSum what `toSum` says of the heard voice
   * @param heardToMean dot product of the heard voice with the mean of the voiceprint
   */
  centred(voice: V, { cosine, heardToSum, heardToMean }: HeardCosines): number {
    if (this.#weight === 0) return cosine;
    const voiceToSum = this.#toSum.get(voice)!;
    const heardToOthers = this.#weight * (heardToSum - heardToMean);
    const voiceToOthers = this.#weight * (voiceToSum - 1);
    const othersSquared = this.#weight ** 2 * (this.#sumSquared - 2 * voiceToSum + 1);
    const length = (toOthers: number) => Math.sqrt(Math.max(LEAST_SQUARE, 1 - 2 * toOthers + othersSquared));
    return (cosine - heardToOthers - voiceToOthers + othersSquared) / (length(heardToOthers) * length(voiceToOthers));
  }
}

/** What is compared of a voice: its mean, of unit norm. */
interface MeanVoice {
  readonly mean: Float32Array;
}

/** How a heard voice lies to one voiceprint and to all of them together. */
interface HeardCosines {
  readonly cosine: number;
  readonly heardToSum: number;
  readonly heardToMean: number;
}

const LEAST_SQUARE = 1e-3;

function sumOf(voices: readonly MeanVoice[]): Float32Array {
  const sum = new Float32Array(voices[0]?.mean.length ?? 0);
  for (const { mean } of voices) for (let i = 0; i < sum.length; i += 1) sum[i]! += mean[i]!;
  return sum;
}
