import type { AudioFrame } from '../../src/index.js';

/** Length of a message with live audio: short enough for a name within a second, long enough for few messages. */
export const CHUNK_MS = 250;

/** One message's worth of a stream. */
export interface AudioChunk {
  /** Counted from the stream's beginning; more than the end of the chunk before where audio was lost. */
  readonly startSample: number;
  /** 16 bit little-endian samples, mono, 16 kHz. */
  readonly pcm: Buffer;
}

/** Gathers frames of any length into chunks of `CHUNK_MS`; a gap, and `flush`, hand out what there is. */
export class AudioChunks {
  #pcm = Buffer.alloc(0);
  #filledBytes = 0;
  #startSample = 0;

  /** Where the next sample is expected. */
  get nextSample(): number {
    return this.#startSample + this.#filledBytes / 2;
  }

  *push({ samples, startSample, sampleRateHz }: AudioFrame): Generator<AudioChunk> {
    const chunkBytes = 2 * Math.round((sampleRateHz * CHUNK_MS) / 1000);
    if (startSample !== this.nextSample) {
      yield* this.flush();
      this.#startSample = startSample;
    }
    for (const sample of samples) {
      if (this.#filledBytes === 0) this.#pcm = Buffer.allocUnsafe(chunkBytes);
      this.#pcm.writeInt16LE(toInt16(sample), this.#filledBytes);
      this.#filledBytes += 2;
      if (this.#filledBytes === chunkBytes) yield* this.flush();
    }
  }

  *flush(): Generator<AudioChunk> {
    if (this.#filledBytes === 0) return;
    const chunk = { startSample: this.#startSample, pcm: this.#pcm.subarray(0, this.#filledBytes) };
    this.#startSample = this.nextSample;
    this.#filledBytes = 0;
    yield chunk;
  }
}

/** The inverse of what a decoder of 16 bit PCM does, so that such audio passes unchanged. */
const toInt16 = (sample: number): number => Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768)));
