import type { VoicePrintsError } from '../../core/errors.js';
import { guarded } from '../../core/guarded.js';
import { untilAborted } from '../../stream/abortable.js';
import type { ByteSource } from '../byteSource.js';
import type { SourceFormat } from '../recording.js';
import { PcmUnpacker } from '../samples/pcm.js';
import { corrupt, decodeFailed, decoderMissing, notAudio } from './decodeErrors.js';
import { DecoderChild } from './decoderChild.js';

export const GST_LAUNCH = 'gst-launch-1.0';

/** Opened anew through its descriptor, a file can be read out of order (AVI, MP4) and its name is nobody's business. */
const FILE_INPUT = process.platform === 'win32' ? ['fdsrc', 'fd=0'] : ['filesrc', 'location=/dev/stdin'];
const PIPE_INPUT = ['fdsrc', 'fd=0', 'blocksize=65536'];

/** Sound only: pictures are not decoded, and a source without sound is an error. */
const decode = (channel: number | undefined): readonly string[] => [
  ...['!', 'decodebin', 'caps=audio/x-raw', 'expose-all-streams=false', '!', 'audioconvert', '!'],
  ...(channel === undefined
    ? []
    : ['deinterleave', 'name=d', `d.src_${channel}`, '!', 'queue', '!', 'audioconvert', '!']),
  ...['audioresample', '!'],
  ...['audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved', '!', 'fdsink', 'fd=1', 'sync=false'],
];

/** Elements that would open addresses named inside a recording. */
const NETWORK_ELEMENTS = ['hlsdemux', 'hlsdemux2', 'dashdemux', 'dashdemux2', 'mssdemux', 'mssdemux2', 'sdpdemux'];
const ENVIRONMENT = {
  LC_ALL: 'C', // its complaints are recognised by their words
  GST_PLUGIN_FEATURE_RANK: NETWORK_ELEMENTS.map((element) => `${element}:NONE`).join(','),
};

/** A GStreamer child that reads the source, or one channel of it; undefined where GStreamer is not installed. */
export function startGStreamer(
  command: string,
  source: ByteSource,
  channel?: number,
): Promise<DecoderChild | undefined> {
  const input = source.descriptor === undefined ? PIPE_INPUT : FILE_INPUT;
  return DecoderChild.start(command, ['-q', ...input, ...decode(channel)], ENVIRONMENT, source.descriptor);
}

/**
 * Mono 16 kHz from the child. Throws AUDIO_DECODER_MISSING, AUDIO_NOT_AUDIO, AUDIO_CORRUPT or AUDIO_DECODE_FAILED where
 * there was no sound at all. Owns the child.
 *
 * @returns whether the child failed after the first samples
 */
export async function* decodeWithGStreamer(
  child: DecoderChild,
  source: ByteSource,
  { container, codec }: SourceFormat,
  signal: AbortSignal,
): AsyncGenerator<Float32Array, boolean> {
  await using owned = child;
  let feedFailure: unknown;
  if (source.descriptor === undefined) {
    const failed = (thrown: unknown) => {
      feedFailure = thrown;
      owned.kill();
    };
    guarded(failed, () => owned.feed(source.chunks(), signal))();
  }
  const unpacker = new PcmUnpacker({ codec: 's16le', sampleRateHz: 16_000, channels: 1 });
  let hasSamples = false;
  for await (const chunk of untilAborted<Uint8Array>(owned.stdout, signal)) {
    hasSamples = true;
    yield unpacker.unpack(chunk);
  }
  const status = await owned.ended(signal);
  if (feedFailure !== undefined) throw feedFailure;
  if (!hasSamples) throw failureOf(owned.stderr, status, { container, codec });
  return status !== 0;
}

/** Words of gst-launch 1.22 and later in the C locale. */
function failureOf(
  stderr: string,
  status: number | null,
  { container, codec }: Pick<SourceFormat, 'container' | 'codec'>,
): VoicePrintsError {
  const missing = [...stderr.matchAll(/Missing (?:decoder|element): [^\n]*/g)].map(([line]) => line);
  if (missing.some((line) => !/\((?:video|image|text|subpicture)\//.test(line)) || /no element "/.test(stderr)) {
    return decoderMissing(container, codec);
  }
  // gst-libav 1.22 finds an AMR decoder and then cannot use it: it is plugins-ugly that can.
  if (codec?.startsWith('amr') && /negotiation/.test(stderr)) return decoderMissing(container, codec);
  if (missing.length > 0) return notAudio(`the ${container} file holds no audio track`);
  if (status === 0) return corrupt(`the ${container} recording has a header, but no audio follows`);
  if (
    /type of stream|enough data|no valid frames|demultiplex|general stream error|corrupt|invalid|not playable|EOS/i.test(
      stderr,
    )
  ) {
    return corrupt(`the ${container} recording is broken or was cut before its first sound`);
  }
  return decodeFailed(container);
}
