import type { VoicePrintsError } from '../../core/errors.js';
import { guarded } from '../../core/guarded.js';
import type { AudioSelection } from '../../core/recording.js';
import type { ByteSource } from '../byteSource.js';
import { text } from '../headers/bytes.js';
import type { SourceFormat } from '../recording.js';
import { PcmUnpacker } from '../samples/pcm.js';
import { corrupt, decodeFailed, decoderMissing, noSuchChannel, noSuchTrack, notAudio } from './decodeErrors.js';
import { DecoderChild } from './decoderChild.js';
import { STALL_TRIES, StalledDecoder, WatchedOutput } from './watchedOutput.js';

export const GST_LAUNCH = 'gst-launch-1.0';
/** Longer than a line of GStreamer's output about a stream. */
const MAX_WORDS = 131_072;

/** Reopened through its descriptor, a file can be read out of order (AVI, MP4) and its name stays private. */
const FILE_INPUT = process.platform === 'win32' ? ['fdsrc', 'fd=0'] : ['filesrc', 'location=/dev/stdin'];
const PIPE_INPUT = ['fdsrc', 'fd=0', 'blocksize=65536'];

/** Floating point, so that nothing is cut off or dithered before tracks and channels are mixed. */
const capsOf = (channels: 1 | 2): string =>
  `audio/x-raw,format=F32LE,rate=16000,channels=${channels},layout=interleaved`;
/** Two channels of any number, unless there is one only: their phase is looked at before they are mixed. */
const outputChannels = ({ channel, isMono }: GStreamerSelection): 1 | 2 => (isMono || channel !== undefined ? 1 : 2);

/** These give each audio track its own pad, whatever its codec. Elsewhere tracks without a decoder are not counted. */
const DEMUXERS: Readonly<Record<string, string>> = { mp4: 'qtdemux', matroska: 'matroskademux', webm: 'matroskademux' };

/** One audio track alone, sound only: pictures are not decoded, and a source without sound is an error. */
function trackParts(container: string, track: number | undefined): readonly string[] {
  const decoder = ['decodebin', 'name=decoder', 'caps=audio/x-raw', 'expose-all-streams=false'];
  if (track === undefined) return [...decoder, '!'];
  const demuxer = DEMUXERS[container];
  if (demuxer === undefined) return [...decoder, `decoder.src_${track - 1}`, '!'];
  return [demuxer, 'name=demuxer', `demuxer.audio_${track - 1}`, '!', ...decoder, '!'];
}

/** Containers with time stamps for the audio; in the others they are guesses of the parsers. */
const TIMED: readonly string[] = ['mp4', 'matroska', 'webm', 'ogg', 'mpeg-ts', 'mpeg-ps', 'flv', 'avi', 'asf'];
/**
 * A mixer with a single input keeps the time line: it begins at the beginning of the recording and fills late starts and
 * gaps in the time stamps with silence. It must not resample, which it does badly.
 */
const keepTime = (caps: string): readonly string[] => [
  ...['audiomixer', 'discont-wait=0', 'output-buffer-duration=100000000', '!', caps, '!'],
];

/** Channels without places (four microphones) are mixed only by a matrix: each of both outputs is their mean. */
function mixMatrix(channels: number): string {
  const row = `<${Array.from({ length: channels }, () => `(float)${1 / channels}`).join(',')}>`;
  return `mix-matrix=<${row},${row}>`;
}

/** What of a recording is decoded, and how. */
export interface GStreamerSelection extends AudioSelection {
  /** How many channels there are, where they have no places. */
  readonly unplacedChannels?: number;
  /** Whether the header declares one channel. */
  readonly isMono?: boolean;
}

function decode(container: string, selection: GStreamerSelection): readonly string[] {
  const { track, channel, unplacedChannels } = selection;
  const caps = capsOf(outputChannels(selection));
  return [
    ...['!', ...trackParts(container, track), 'audioconvert'],
    ...(unplacedChannels === undefined ? [] : [mixMatrix(unplacedChannels)]),
    '!',
    ...(channel === undefined
      ? []
      : ['deinterleave', 'name=channels', `channels.src_${channel - 1}`, '!', 'queue', '!', 'audioconvert', '!']),
    ...['audioresample', '!', caps, '!', ...(TIMED.includes(container) ? keepTime(caps) : [])],
    ...['fdsink', 'fd=1', 'sync=false'],
  ];
}

/** Elements that would open addresses named inside a recording. */
const NETWORK_ELEMENTS = ['hlsdemux', 'hlsdemux2', 'dashdemux', 'dashdemux2', 'mssdemux', 'mssdemux2', 'sdpdemux'];
const ENVIRONMENT = {
  LC_ALL: 'C', // its messages are recognised by their text
  GST_PLUGIN_FEATURE_RANK: NETWORK_ELEMENTS.map((element) => `${element}:NONE`).join(','),
};

/** A GStreamer child that reads the source, or a part of it; undefined where GStreamer is not installed. */
export function startGStreamer(
  command: string,
  source: ByteSource,
  container: string,
  selection: GStreamerSelection,
): Promise<DecoderChild | undefined> {
  const input = source.descriptor === undefined ? PIPE_INPUT : FILE_INPUT;
  const parameters = ['-q', ...input, ...decode(container, selection)];
  return startChild(command, parameters, source);
}

async function startChild(
  command: string,
  parameters: readonly string[],
  source: ByteSource,
): Promise<DecoderChild | undefined> {
  await using own = await source.reopen?.(); // the child has a copy of it once it was started
  return DecoderChild.start(command, parameters, ENVIRONMENT, own?.fd ?? source.descriptor);
}

/** Where decodebin keeps the streams that it takes out of a container. */
const STREAM_CAPS = /GstMultiQueuePad:src_(\d+): caps = audio\//g;

/** How many audio tracks GStreamer finds in a container, without decoding more than the beginning of one. */
export async function countTracks(command: string, source: ByteSource, signal: AbortSignal): Promise<number> {
  let most = 1; // where there is no child, the decoder reports what is missing
  for (let tries = 0; tries < STALL_TRIES; tries += 1) {
    const { count, isStalled } = await countOnce(command, source, signal);
    most = Math.max(most, count);
    if (!isStalled) break;
  }
  return most;
}

async function countOnce(
  command: string,
  source: ByteSource,
  signal: AbortSignal,
): Promise<{ readonly count: number; readonly isStalled: boolean }> {
  const survey = ['!', 'decodebin', 'caps=audio/x-raw', 'expose-all-streams=false', '!', 'fakesink', 'num-buffers=1'];
  const input = source.descriptor === undefined ? PIPE_INPUT : FILE_INPUT;
  await using child = await startChild(command, ['-v', ...input, ...survey], source);
  if (!child) return { count: 0, isStalled: false };
  if (source.descriptor === undefined)
    guarded(
      () => child.kill(),
      () => child.feed(source.chunks(), signal),
    )();
  const streams = new Set<string>();
  let words = '';
  const output = new WatchedOutput(child, signal);
  for await (const chunk of output) {
    words = (words + text(chunk, 0, chunk.length)).slice(-MAX_WORDS);
    for (const [, stream] of words.matchAll(STREAM_CAPS)) streams.add(stream!);
  }
  return { count: streams.size, isStalled: output.isStalled };
}

export interface GStreamerDecoding {
  readonly child: DecoderChild;
  readonly source: ByteSource;
  readonly format: Pick<SourceFormat, 'container' | 'codec'>;
  readonly selection: GStreamerSelection;
}

/**
 * Mono 16 kHz from the child. Throws StalledDecoder, AUDIO_DECODER_MISSING, AUDIO_NOT_AUDIO, AUDIO_CORRUPT, AUDIO_DECODE_FAILED or
 * AUDIO_TRACK_NOT_FOUND where there was no sound at all. Owns the child.
 *
 * @returns whether the child failed after the first samples
 */
export async function* decodeWithGStreamer(
  { child, source, format, selection }: GStreamerDecoding,
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
  const channels = outputChannels(selection);
  const unpacker = new PcmUnpacker({ codec: 'f32le', sampleRateHz: 16_000, channels });
  let hasSamples = false;
  const output = new WatchedOutput(owned, signal);
  for await (const chunk of output) {
    hasSamples = true;
    yield unpacker.unpack(chunk);
  }
  // One that was killed after it had complained is judged like one that ended by itself.
  if (output.isStalled && !HAS_COMPLAINED.test(owned.stderr)) {
    if (hasSamples) return !owned.hasAllInput; // where all was read, only the end is missing: whether the audio is whole, its length tells
    throw new StalledDecoder('the decoder stands still');
  }
  const status = await owned.ended(signal);
  if (feedFailure !== undefined) throw feedFailure;
  if (!hasSamples) throw failureOf(owned.stderr, status, format, selection);
  return status !== 0;
}

/** Why nothing was decoded: elements did not agree on a format, as with channels that have no places. */
const NO_PLACES = 'not-negotiated';
export const isUnplaced = ({ code, details }: VoicePrintsError): boolean =>
  code === 'AUDIO_DECODE_FAILED' && details.reason === NO_PLACES;

/** What gst-launch writes before the reason, in the C locale. */
const HAS_COMPLAINED = /^ERROR: /m;

/** Texts of gst-launch 1.22 and later in the C locale. */
function failureOf(
  stderr: string,
  status: number | null,
  { container, codec }: GStreamerDecoding['format'],
  { track, channel }: AudioSelection,
): VoicePrintsError {
  const missing = [...stderr.matchAll(/Missing (?:decoder|element): [^\n]*/g)].map(([line]) => line);
  if (missing.some((line) => !/\((?:video|image|text|subpicture)\//.test(line)) || /no element "/.test(stderr)) {
    return decoderMissing(container, codec);
  }
  // gst-libav 1.22 finds an AMR decoder and then cannot use it: it is plugins-ugly that can.
  if (codec?.startsWith('amr') && /negotiation/.test(stderr)) return decoderMissing(container, codec);
  if (/not-negotiated/.test(stderr)) return decodeFailed(container, NO_PLACES);
  if (missing.length > 0) return notAudio(`the ${container} file contains no audio track`);
  if (/not-linked/.test(stderr)) {
    if (channel !== undefined) return noSuchChannel(channel);
    if (track !== undefined) return noSuchTrack(track);
  }
  if (status === 0) return corrupt(`the ${container} recording has a header, but no audio follows`);
  if (
    /type of stream|enough data|no valid frames|demultiplex|general stream error|corrupt|invalid|not playable|EOS/i.test(
      stderr,
    )
  ) {
    return corrupt(`the ${container} recording is damaged or ends before its first sound`);
  }
  return decodeFailed(container);
}
