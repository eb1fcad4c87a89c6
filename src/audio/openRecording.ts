import { asVoicePrintsError } from '../core/errors.js';
import type { RecordingLimits, RecordingSource } from '../core/recording.js';
import { type ByteSource, openByteSource } from './byteSource.js';
import { DecodedRecording } from './decoding/decodedRecording.js';
import { aborted, decodeTimeout, empty, tooLong } from './decoding/decodeErrors.js';
import type { DecoderOptions } from './decoding/decoding.js';
import { JoinedDecoding } from './decoding/joinedDecoding.js';
import { PartOpener } from './openPart.js';
import type { Recording } from './recording.js';

/**
 * Opens a recording, whatever its name: the format is recognised from the bytes. WAV and headerless samples are decoded here, everything
 * else by GStreamer in a child process or, for FLAC, MP3 and Ogg Opus where that is missing, by WebAssembly in a worker.
 * The signal stops it at any time, then and later. Dispose the recording; on an error nothing is left to dispose.
 *
 * Codecs' own delay (MP3: about 25 ms) is not taken off.
 *
 * Throws FILE_NOT_FOUND, FILE_UNREADABLE, AUDIO_EMPTY, AUDIO_NOT_AUDIO, AUDIO_CORRUPT, AUDIO_TOO_SHORT,
 * AUDIO_FORMAT_MISSING, AUDIO_FORMAT_UNSUPPORTED, AUDIO_RATE_INVALID, AUDIO_CHANNELS_INVALID, AUDIO_TOO_LARGE,
 * AUDIO_TOO_LONG, AUDIO_DECODE_TIMEOUT, ABORTED; reading frames also AUDIO_DECODER_MISSING and AUDIO_DECODE_FAILED.
 */
export async function openRecording(
  source: RecordingSource,
  limits: RecordingLimits,
  signal: AbortSignal,
  options: DecoderOptions = {},
): Promise<Recording> {
  const stop = new AbortController();
  const onAbort = () => stop.abort(aborted());
  if (signal.aborted) throw aborted();
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => stop.abort(decodeTimeout(limits.maxDecodeMs)), limits.maxDecodeMs);
  const held: ByteSource[] = [];
  const release = async () => {
    signal.removeEventListener('abort', onAbort);
    for (const one of held.splice(0).reverse()) await one[Symbol.asyncDispose]();
  };
  try {
    held.push(await openByteSource(source, limits.maxBytes, stop.signal));
    return await open({ held, source, limits, stop, options, release });
  } catch (thrown) {
    const error = asVoicePrintsError(stop.signal.aborted ? stop.signal.reason : thrown);
    stop.abort(error);
    await release();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

interface Opening {
  /** Sources to dispose, in the order they were opened. */
  readonly held: ByteSource[];
  readonly source: RecordingSource;
  readonly limits: RecordingLimits;
  readonly stop: AbortController;
  readonly options: DecoderOptions;
  readonly release: () => Promise<void>;
}

async function open({ held, source, limits, stop, options, release }: Opening): Promise<Recording> {
  const bytes = held[0]!;
  if ((await bytes.readAt(0, 1)).length === 0) throw empty();
  const opener = new PartOpener({ held, source, signal: stop.signal, options });
  const first = await opener.open(bytes);
  const { format } = first;
  if (format.durationMs !== undefined && format.durationMs > limits.maxDurationMs) throw tooLong(limits.maxDurationMs);
  const decoding = new JoinedDecoding(first, (rest) => opener.open(rest));
  return new DecodedRecording({ format, decoding, limits, stop, release });
}
