import { VoicePrintsError } from '../../core/errors.js';
import type { ByteSource } from '../byteSource.js';
import type { Decoding } from './decoding.js';

/** Far more than is ever concatenated; each needs its own decoder. */
const MAX_PARTS = 10_000;

interface Part {
  readonly decoding: Decoding;
  /** The bytes of further recordings behind this one. */
  readonly rest: ByteSource | undefined;
}

/** Recordings joined one after the other in one file, decoded one after the other. */
export class JoinedDecoding implements Decoding {
  readonly #first: Part;
  readonly #open: (rest: ByteSource) => Promise<Part>;
  #isCut = false;
  #skippedTracks = 0;

  /** @param open opens the first recording in the bytes */
  constructor(first: Part, open: (rest: ByteSource) => Promise<Part>) {
    this.#first = first;
    this.#open = open;
  }

  get skippedTracks(): number {
    return this.#skippedTracks;
  }

  async *pieces(signal: AbortSignal): AsyncGenerator<Float32Array> {
    yield* this.#pieces(this.#first, signal);
    for (let { rest } = this.#first, parts = 1; rest; parts += 1) {
      if (parts === MAX_PARTS) {
        this.#isCut = true;
        return;
      }
      try {
        const part = await this.#open(rest);
        yield* this.#pieces(part, signal);
        rest = part.rest;
      } catch (thrown) {
        // Bytes after a recording that are not a recording are dropped, and that is reported.
        signal.throwIfAborted();
        if (!(thrown instanceof VoicePrintsError && thrown.code.startsWith('AUDIO_'))) throw thrown;
        this.#isCut = true;
        return;
      }
    }
  }

  async *#pieces({ decoding }: Part, signal: AbortSignal): AsyncGenerator<Float32Array> {
    let samples = 0;
    for await (const piece of decoding.pieces(signal)) {
      samples += piece.length;
      yield piece;
    }
    this.#isCut ||= await decoding.isCut(samples);
    this.#skippedTracks = Math.max(this.#skippedTracks, decoding.skippedTracks);
  }

  async isCut(): Promise<boolean> {
    return this.#isCut;
  }
}
