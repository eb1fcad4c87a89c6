import type { CalibrationParameters } from '../../core/calibration.js';
import { LEAST_SQUARE } from '../centredGallery.js';

/** Centring on a sum of means; see CentredGallery. */
export class SumCentring {
  readonly scale: number;
  readonly unitSum: Float32Array;
  readonly alone: number;
  readonly #weight: number;
  readonly #squared: number;

  constructor(sum: Float64Array, people: number, { centring }: CalibrationParameters) {
    this.#squared = sum.reduce((total, value) => total + value * value, 0);
    this.scale = Math.sqrt(this.#squared) || 1;
    this.unitSum = Float32Array.from(sum, (value) => value / this.scale);
    this.#weight = centring === undefined || people < 2 ? 0 : 1 / (people - 1 + centring);
    this.alone = this.#weight === 0 ? 1 : centring! * this.#weight;
  }

  centred({ toMean, toSum, voiceToSum }: Readonly<Record<'toMean' | 'toSum' | 'voiceToSum', number>>): number {
    const weight = this.#weight;
    if (weight === 0) return toMean;
    const probeToOthers = weight * (toSum - toMean);
    const voiceToOthers = weight * (voiceToSum - 1);
    const squared = weight ** 2 * (this.#squared - 2 * voiceToSum + 1);
    const length = (toOthers: number) => Math.sqrt(Math.max(LEAST_SQUARE, 1 - 2 * toOthers + squared));
    return (toMean - probeToOthers - voiceToOthers + squared) / (length(probeToOthers) * length(voiceToOthers));
  }
}
