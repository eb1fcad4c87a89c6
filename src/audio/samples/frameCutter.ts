import { type AudioFrame, ENGINE_SAMPLE_RATE_HZ } from '../../core/audioFrame.js';

/** Longest frame: one second. */
export const FRAME_SAMPLES = ENGINE_SAMPLE_RATE_HZ;

/** Cuts 16 kHz pieces of any length into frames of exactly one second (the last is shorter), clipped to [-1, 1]. */
export class FrameCutter {
  #samples = new Float32Array(FRAME_SAMPLES);
  #filled = 0;
  #startSample = 0;

  /** Samples taken in so far. */
  get total(): number {
    return this.#startSample + this.#filled;
  }

  *push(piece: Float32Array): Generator<AudioFrame> {
    for (let at = 0; at < piece.length; ) {
      const count = Math.min(piece.length - at, FRAME_SAMPLES - this.#filled);
      for (let i = 0; i < count; i += 1) {
        const sample = piece[at + i]!;
        this.#samples[this.#filled + i] = Math.max(-1, Math.min(1, sample)); // filters overshoot
      }
      at += count;
      this.#filled += count;
      if (this.#filled === FRAME_SAMPLES) yield this.#cut();
    }
  }

  /** What is left at the end. */
  *flush(): Generator<AudioFrame> {
    if (this.#filled > 0) yield this.#cut();
  }

  #cut(): AudioFrame {
    const samples = this.#filled === FRAME_SAMPLES ? this.#samples : this.#samples.slice(0, this.#filled);
    const frame = { samples, sampleRateHz: ENGINE_SAMPLE_RATE_HZ, startSample: this.#startSample };
    this.#startSample += this.#filled;
    this.#filled = 0;
    this.#samples = new Float32Array(FRAME_SAMPLES);
    return frame;
  }
}
