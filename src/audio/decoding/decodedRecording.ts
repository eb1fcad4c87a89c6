import type { AudioFrame } from '../../core/audioFrame.js';
import { asVoicePrintsError, VoicePrintsError } from '../../core/errors.js';
import type { RecordingLimits } from '../../core/recording.js';
import { samplesOfMs } from '../../core/time.js';
import type { DecodeReport, Recording, SourceFormat } from '../recording.js';
import { FrameCutter } from '../samples/frameCutter.js';
import { aborted, decodeTimeout, tooLong, tooShort } from './decodeErrors.js';
import type { Decoding } from './decoding.js';

export interface DecodedRecordingParts {
  readonly format: SourceFormat;
  readonly decoding: Decoding;
  readonly limits: RecordingLimits;
  /** Aborting it ends the decoding; `frames` throws its reason. */
  readonly stop: AbortController;
  /** Gives the source back; harmless when called twice. */
  readonly release: () => Promise<void>;
}

/** A decoding under limits, cut into frames. */
export class DecodedRecording implements Recording {
  readonly format: SourceFormat;
  readonly #parts: DecodedRecordingParts;
  #frames: AsyncGenerator<AudioFrame> | undefined;
  #report: DecodeReport | undefined;

  constructor(parts: DecodedRecordingParts) {
    this.format = parts.format;
    this.#parts = parts;
  }

  frames(): AsyncGenerator<AudioFrame> {
    if (this.#frames) throw new VoicePrintsError('INTERNAL', 'a recording can be read once; open it again');
    this.#frames = this.#read();
    return this.#frames;
  }

  report(): DecodeReport {
    if (!this.#report) throw new VoicePrintsError('INTERNAL', 'the recording was not read to its end; read it first');
    return this.#report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.stop.abort(aborted()); // ends what a reader may be waiting for
    await this.#frames?.return(undefined);
    await this.#parts.release();
  }

  async *#read(): AsyncGenerator<AudioFrame> {
    const { decoding, limits, stop, release } = this.#parts;
    const maxSamples = samplesOfMs(limits.maxDurationMs);
    const cutter = new FrameCutter();
    try {
      stop.signal.throwIfAborted();
      for await (const piece of this.#timed(decoding.pieces(stop.signal))) {
        if (cutter.total + piece.length > maxSamples) throw tooLong(limits.maxDurationMs);
        yield* this.#unlessStopped(cutter.push(piece));
      }
      const samples = cutter.total;
      if (samples === 0) throw tooShort('the recording contains no audio');
      yield* this.#unlessStopped(cutter.flush());
      const isPartial = await decoding.isCut(samples);
      const { skippedTracks } = decoding;
      this.#report = { samples, isPartial, ...(skippedTracks > 0 && { skippedTracks }) };
    } catch (thrown) {
      throw asVoicePrintsError(thrown);
    } finally {
      await release();
    }
  }

  /** Nothing is yielded after an abort, not even what is buffered. */
  *#unlessStopped(frames: Iterable<AudioFrame>): Generator<AudioFrame> {
    for (const frame of frames) {
      this.#parts.stop.signal.throwIfAborted();
      yield frame;
    }
  }

  /** Counts the time spent waiting for the decoder, not that of the reader. */
  async *#timed(pieces: AsyncGenerator<Float32Array>): AsyncGenerator<Float32Array> {
    const { limits, stop } = this.#parts;
    let leftMs = limits.maxDecodeMs;
    try {
      for (;;) {
        const since = performance.now();
        const timer = setTimeout(() => stop.abort(decodeTimeout(limits.maxDecodeMs)), Math.max(0, leftMs));
        const next = await pieces.next().finally(() => clearTimeout(timer));
        leftMs -= performance.now() - since;
        if (next.done) return;
        if (leftMs <= 0) throw decodeTimeout(limits.maxDecodeMs);
        yield next.value;
      }
    } finally {
      await pieces.return(undefined);
    }
  }
}
