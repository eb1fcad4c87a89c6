/** Energies are averaged over about this long. */
const AVERAGED_MS = 50;
/** From this correlation on two channels count as the same sound in opposite phase, whose sum would be silence. */
const OPPOSITE_CORRELATION = -0.7;
/** Back above this they are not. */
const ALIKE_CORRELATION = -0.3;
/** Energy of a sound below -60 dBFS, alike on both channels: the first samples alone decide nothing. */
const PRIOR_ENERGY = 1e-6;

/**
 * Watches two signals and gives the sign with which the second is added to the first. Stereo with one channel inverted
 * (a wrongly wired cable, two telephone legs) would cancel out otherwise. Sample by sample, so that it does not matter
 * how the audio is cut.
 */
export class PhaseWatch {
  readonly #decay: number;
  #firstEnergy: number;
  #secondEnergy: number;
  #product: number;
  #sign: 1 | -1 = 1;

  constructor(sampleRateHz: number) {
    const samples = (sampleRateHz * AVERAGED_MS) / 1000;
    this.#decay = 1 - 1 / samples;
    this.#firstEnergy = this.#secondEnergy = this.#product = PRIOR_ENERGY * samples;
  }

  /** The sign for `second`. */
  next(first: number, second: number): 1 | -1 {
    this.#firstEnergy = this.#firstEnergy * this.#decay + first * first;
    this.#secondEnergy = this.#secondEnergy * this.#decay + second * second;
    this.#product = this.#product * this.#decay + first * second;
    // Compared as squares, which saves a square root per sample.
    if (this.#product < 0) {
      const squared = this.#product * this.#product;
      const energies = this.#firstEnergy * this.#secondEnergy;
      if (squared > OPPOSITE_CORRELATION ** 2 * energies) this.#sign = -1;
      else if (squared < ALIKE_CORRELATION ** 2 * energies) this.#sign = 1;
    } else this.#sign = 1;
    return this.#sign;
  }
}

/** Several channels to one: their mean, each in the phase of those before it. Keeps state from call to call. */
export class ChannelMixer {
  readonly #watches: readonly PhaseWatch[];

  constructor(channels: number, sampleRateHz: number) {
    this.#watches = Array.from({ length: Math.max(0, channels - 1) }, () => new PhaseWatch(sampleRateHz));
  }

  /** @param interleaved shape (n * channels,); `mono` receives n samples */
  mix(interleaved: Float32Array, mono: Float32Array): void {
    const channels = this.#watches.length + 1;
    for (let i = 0, at = 0; i < mono.length; i += 1, at += channels) {
      let sum = interleaved[at]!;
      for (let c = 1; c < channels; c += 1) {
        const sample = interleaved[at + c]!;
        sum += this.#watches[c - 1]!.next(sum, sample) * sample;
      }
      mono[i] = sum / channels;
    }
  }
}
