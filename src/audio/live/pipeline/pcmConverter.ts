import { ENGINE_SAMPLE_RATE_HZ } from '../../../core/audioFrame.js';
import { channelsInvalid, rateInvalid } from '../../decoding/decodeErrors.js';
import { MAX_CHANNELS, MAX_RATE_HZ, MIN_RATE_HZ } from '../../headers/wavHeader.js';
import { type PcmLayout, PcmUnpacker } from '../../samples/pcm.js';
import { Resampler } from '../../samples/resampler.js';

/** Samples of any layout to mono at 16 kHz, piece by piece without a seam. */
export class PcmConverter {
  readonly layout: PcmLayout;
  readonly #unpacker: PcmUnpacker;
  readonly #resampler: Resampler | undefined;

  /** Throws AUDIO_RATE_INVALID and AUDIO_CHANNELS_INVALID. */
  constructor(layout: PcmLayout) {
    const { sampleRateHz, channels } = layout;
    if (!(Number.isInteger(sampleRateHz) && sampleRateHz >= MIN_RATE_HZ && sampleRateHz <= MAX_RATE_HZ)) {
      throw rateInvalid(sampleRateHz);
    }
    if (!(Number.isInteger(channels) && channels >= 1 && channels <= MAX_CHANNELS)) throw channelsInvalid(channels);
    this.layout = layout;
    this.#unpacker = new PcmUnpacker(layout);
    this.#resampler = sampleRateHz === ENGINE_SAMPLE_RATE_HZ ? undefined : new Resampler(sampleRateHz);
  }

  /** Bytes may be cut anywhere, even within a sample. */
  *push(bytes: Uint8Array): Generator<Float32Array<ArrayBuffer>> {
    const samples = this.#unpacker.unpack(bytes);
    if (this.#resampler) yield* this.#resampler.push(samples);
    else yield samples;
  }

  /** What the filter still holds. Used up afterwards. */
  flush(): Float32Array<ArrayBuffer> {
    return this.#resampler?.flush() ?? new Float32Array(0);
  }
}
