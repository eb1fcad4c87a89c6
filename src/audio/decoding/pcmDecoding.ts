import { ENGINE_SAMPLE_RATE_HZ } from '../../core/audioFrame.js';
import { untilAborted } from '../../stream/abortable.js';
import type { ByteSource } from '../byteSource.js';
import { type PcmLayout, PcmUnpacker } from '../samples/pcm.js';
import { Resampler } from '../samples/resampler.js';
import type { Decoding } from './decoding.js';

/** Where the samples lie in the source. */
export interface PcmRegion {
  readonly layout: PcmLayout;
  readonly start: number;
  /** Undefined: to the end. */
  readonly bytes: number | undefined;
}

/** WAV and headerless samples: unpacked, mixed to one channel (or cut down to one) and resampled by ourselves. */
export class PcmDecoding implements Decoding {
  readonly #source: ByteSource;
  readonly #region: PcmRegion;
  readonly #unpacker: PcmUnpacker;
  #missingBytes = 0;

  constructor(source: ByteSource, region: PcmRegion, channel?: number) {
    this.#source = source;
    this.#region = region;
    this.#unpacker = new PcmUnpacker(region.layout, channel);
  }

  async *pieces(signal: AbortSignal): AsyncGenerator<Float32Array> {
    const { sampleRateHz } = this.#region.layout;
    const resampler = sampleRateHz === ENGINE_SAMPLE_RATE_HZ ? undefined : new Resampler(sampleRateHz);
    for await (const chunk of untilAborted(this.#chunks(), signal)) {
      const samples = this.#unpacker.unpack(chunk);
      if (resampler) yield* resampler.push(samples);
      else yield samples;
    }
    if (resampler) yield resampler.flush();
  }

  async isCut(): Promise<boolean> {
    return this.#missingBytes > 0 || this.#unpacker.hasPartialBlock;
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    let left = this.#region.bytes ?? Number.POSITIVE_INFINITY;
    for await (const chunk of this.#source.chunks(this.#region.start)) {
      const wanted = chunk.subarray(0, left);
      left -= wanted.length;
      yield wanted;
      if (left === 0) return;
    }
    if (Number.isFinite(left)) this.#missingBytes = left;
  }
}
