import { tmpdir } from 'node:os';
import type { AudioSelection, RecordingSource } from '../core/recording.js';
import { abortable } from '../stream/abortable.js';
import { type ByteSource, openByteSource, partOf } from './byteSource.js';
import { CompressedDecoding } from './decoding/compressedDecoding.js';
import { noSuchChannel, noSuchTrack } from './decoding/decodeErrors.js';
import type { DecoderOptions, Decoding } from './decoding/decoding.js';
import { PcmDecoding } from './decoding/pcmDecoding.js';
import { spool } from './decoding/spool.js';
import { mayBeJoined, nextRecording } from './joinedRecordings.js';
import { type Probe, probe } from './probe.js';
import type { SourceFormat } from './recording.js';
import { sniff } from './sniff.js';

/** Containers that must be read out of order (their index may stand at the end), or once for each track. */
const SEEKABLE: readonly string[] = ['mp4', 'avi', 'caf', 'mpeg-ts', 'mpeg-ps', 'asf'];

/** One recording, perhaps the first of several that were joined one after the other. */
export interface OpenPart {
  readonly format: SourceFormat;
  readonly decoding: Decoding;
  /** What follows it: another recording. */
  readonly rest: ByteSource | undefined;
}

interface PartOpenerOptions {
  /** Takes every source opened on the way, for its owner to dispose. */
  readonly held: ByteSource[];
  readonly source: RecordingSource;
  readonly signal: AbortSignal;
  readonly options: DecoderOptions;
}

/** Finds out what bytes are, and how they are decoded. */
export class PartOpener {
  readonly #given: PartOpenerOptions;

  constructor(given: PartOpenerOptions) {
    this.#given = given;
  }

  /** The first recording in these bytes. Throws as `openRecording`. */
  async open(given: ByteSource): Promise<OpenPart> {
    const { source, signal, options } = this.#given;
    const sniffed = await abortable(
      sniff((position, length) => given.readAt(position, length), source.rawFormat !== undefined),
      signal,
    );
    const container = sniffed.kind === 'audio' ? sniffed.container : '';
    let bytes = sniffed.kind === 'audio' && sniffed.start > 0 ? partOf(given, sniffed.start) : given;
    if (!bytes.isReplayable && (mayBeJoined(container) || SEEKABLE.includes(container)))
      bytes = await this.#spooled(bytes);
    const end = await abortable(nextRecording(bytes, container), signal);
    const rest = end === undefined ? undefined : partOf(bytes, end);
    if (end !== undefined) bytes = partOf(bytes, 0, end);
    const found = await abortable(probe(bytes, sniffed, source.rawFormat), signal);
    const isReadTwice = found.tracks.length > 1 || (SEEKABLE.includes(container) && !found.pcm && !found.repacked);
    if (isReadTwice && bytes.descriptor === undefined) bytes = await this.#spooled(bytes);
    const selection = selectionOf(source, found);
    if (found.pcm) return { ...found, decoding: new PcmDecoding(bytes, found.pcm, selection.channel), rest };
    if (found.repacked) bytes = await this.#streamed(found.repacked.chunks());
    return { ...found, decoding: new CompressedDecoding(bytes, found, selection, options), rest };
  }

  async #spooled(bytes: ByteSource): Promise<ByteSource> {
    const { held, options, signal } = this.#given;
    const file = await spool(bytes, options.temporaryFolder ?? tmpdir(), signal);
    held.push(file);
    return file;
  }

  async #streamed(stream: AsyncIterable<Uint8Array>): Promise<ByteSource> {
    const { held, signal } = this.#given;
    const bytes = await openByteSource({ kind: 'stream', stream }, Number.POSITIVE_INFINITY, signal);
    held.push(bytes);
    return bytes;
  }
}

/** Throws AUDIO_TRACK_NOT_FOUND where the headers say that there is no such track or channel. */
function selectionOf({ track, channel }: AudioSelection, { format, tracks, pcm }: Probe): AudioSelection {
  const count = pcm ? 1 : tracks.length || undefined;
  if (track !== undefined && count !== undefined && track > count) throw noSuchTrack(track, count);
  const channels = count === undefined || pcm ? format.channels : tracks[(track ?? 1) - 1]?.channels;
  if (channel !== undefined && channels !== undefined && channel > channels) throw noSuchChannel(channel, channels);
  return { track, channel };
}
