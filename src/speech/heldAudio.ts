/** The part of a stream that may still be needed. */
export class HeldAudio {
  #frames: Float32Array[] = [];
  #startSample: number;
  #endSample: number;

  /** @param startSample of the first sample that will be appended */
  constructor(startSample = 0) {
    this.#startSample = startSample;
    this.#endSample = startSample;
  }

  /** The sample after the last one appended. */
  get endSample(): number {
    return this.#endSample;
  }

  /** Keeps the array itself: it must not be written to afterwards. */
  append(samples: Float32Array): void {
    if (samples.length === 0) return;
    this.#frames.push(samples);
    this.#endSample += samples.length;
  }

  /** A copy, shape (endSample - startSample,), in `room` if that has this length; zeros where nothing is held any more or yet. */
  copy(startSample: number, endSample: number, room?: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
    const length = endSample - startSample;
    const out = room?.length === length ? room.fill(0) : new Float32Array(length);
    let at = this.#startSample;
    for (const frame of this.#frames) {
      const from = Math.max(startSample, at);
      const to = Math.min(endSample, at + frame.length);
      if (to > from) out.set(frame.subarray(from - at, to - at), from - startSample);
      at += frame.length;
    }
    return out;
  }

  /** Lets go of whole frames before this sample. */
  dropBefore(sample: number): void {
    let frames = 0;
    let start = this.#startSample;
    while (frames < this.#frames.length && start + this.#frames[frames]!.length <= sample) {
      start += this.#frames[frames]!.length;
      frames += 1;
    }
    this.#frames = this.#frames.slice(frames);
    this.#startSample = start;
  }
}
