/** Below this probability a hop is a pause, whose power estimates the noise. */
const PAUSE_PROBABILITY = 0.1;
/** From this on it is speech. */
const SPEECH_PROBABILITY = 0.5;
/** Weight of a new pause in the noise estimate: a memory of about half a second of pauses. */
const NOISE_SHARE = 0.06;
/** Pauses needed before the noise is estimated. */
const LEAST_PAUSES = 16;
/** Beyond this noise is inaudible. */
const MAX_SNR_DB = 60;

/** Speech power over noise power of a live stream, hop by hop: noise from the pauses, speech since the last `restart`. */
export class LiveLoudness {
  #noise = 0;
  #pauses = 0;
  #speech = 0;
  #speechHops = 0;

  /** @param power mean square of the hop's samples  @param probability that it is speech */
  add(power: number, probability: number): void {
    if (probability < PAUSE_PROBABILITY) {
      this.#pauses += 1;
      // The first pauses have equal weights, as there is no estimate before them.
      this.#noise += (power - this.#noise) * Math.max(NOISE_SHARE, 1 / this.#pauses);
    } else if (probability >= SPEECH_PROBABILITY) {
      this.#speech += power;
      this.#speechHops += 1;
    }
  }

  /** Decibels, 0 to 60; undefined while there was no speech or too few pauses for an estimate. */
  get snrDb(): number | undefined {
    if (this.#speechHops === 0 || this.#pauses < LEAST_PAUSES) return undefined;
    const mean = this.#speech / this.#speechHops;
    const clean = mean - this.#noise;
    if (clean <= 0) return 0;
    return Math.min(MAX_SNR_DB, Math.max(0, 10 * Math.log10(clean / Math.max(this.#noise, Number.MIN_VALUE))));
  }

  /** Speech from here on is another segment. */
  restart(): void {
    this.#speech = 0;
    this.#speechHops = 0;
  }
}
