import { VoicePrintsError } from '../../core/errors.js';
import { samplesOfMs } from '../../core/time.js';
import type { ByteSource } from '../byteSource.js';
import { hasEndOfStream } from '../headers/oggHeader.js';
import type { SourceFormat } from '../recording.js';
import { decoderMissing } from './decodeErrors.js';
import type { DecoderOptions, Decoding } from './decoding.js';
import { decodeWithGStreamer, GST_LAUNCH, startGStreamer } from './gstreamer.js';
import { decodeWithWasm, resolveInstalled, wasmDecoderOf } from './wasmDecoder.js';

/**
 * How much shorter than declared a whole recording may come out: lossy codecs count their own delay (M4A ends 370
 * samples early), FLAC is exact but for resampling.
 */
const TOLERANCE_MS = 100;
const FLAC_TOLERANCE_MS = 5;

/** Everything that is not plain samples: by GStreamer, else by a WebAssembly decoder. */
export class CompressedDecoding implements Decoding {
  readonly #source: ByteSource;
  readonly #format: SourceFormat;
  readonly #options: DecoderOptions;
  #hasFailed = false;

  constructor(source: ByteSource, format: SourceFormat, options: DecoderOptions) {
    this.#source = source;
    this.#format = format;
    this.#options = options;
  }

  async *pieces(signal: AbortSignal): AsyncGenerator<Float32Array> {
    const { container, codec } = this.#format;
    const { resolvePackage = resolveInstalled, gstLaunchCommand = GST_LAUNCH, channel } = this.#options;
    const wasm = wasmDecoderOf(container, codec, resolvePackage);
    const child = await startGStreamer(gstLaunchCommand, this.#source, channel);
    if (child) {
      try {
        this.#hasFailed = yield* decodeWithGStreamer(child, this.#source, this.#format, signal);
        return;
      } catch (thrown) {
        // GStreamer without the plug-in: nothing was decoded, but a stream cannot be read again.
        const isMissing = thrown instanceof VoicePrintsError && thrown.code === 'AUDIO_DECODER_MISSING';
        if (!isMissing || !wasm || !this.#source.isReplayable) throw thrown;
      }
    }
    if (!wasm) throw decoderMissing(container, codec);
    this.#hasFailed = yield* decodeWithWasm({ ...wasm, channel }, this.#source, container, signal);
  }

  async isCut(samples: number): Promise<boolean> {
    const { container, durationMs } = this.#format;
    if (this.#hasFailed) return true;
    if (container === 'ogg') return !hasEndOfStream(await this.#source.tail());
    const toleranceMs = container === 'flac' ? FLAC_TOLERANCE_MS : TOLERANCE_MS;
    return durationMs !== undefined && samples < samplesOfMs(durationMs - toleranceMs);
  }
}
