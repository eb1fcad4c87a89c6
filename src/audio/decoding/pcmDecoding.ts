import { ENGINE_SAMPLE_RATE_HZ } from '../../core/audioFrame.js';
import { untilAborted } from '../../stream/abortable.js';
import type { ByteSource } from '../byteSource.js';
import { text, view } from '../headers/bytes.js';
import { isChunkId, isWavStart, wavHeader } from '../headers/wavHeader.js';
import { type PcmLayout, PcmUnpacker } from '../samples/pcm.js';
import { Resampler } from '../samples/resampler.js';
import { ByteQueue } from './byteQueue.js';
import type { Decoding } from './decoding.js';

/** Position of the samples in the source. */
export interface PcmRegion {
  readonly layout: PcmLayout;
  readonly start: number;
  /** As the header declares it; undefined: to the end. */
  readonly bytes: number | undefined;
  /** Whether the chunks of a WAV file may follow, or a WAV file joined to it. */
  readonly isWav: boolean;
}

type Samples = Pick<PcmRegion, 'layout' | 'bytes'>;

const MAX_UNKNOWN_CHUNK_BYTES = 1_048_576;
/** Tags after the audio: ID3v1, ID3v2, APE, Lyrics3. */
const TAGS = /^(?:TAG|ID3|APETAGEX|LYRICSBEGIN)/;

/**
 * WAV and other plain samples: unpacked, mixed to one channel (or cut down to one) and resampled by ourselves. A WAV file
 * whose header declares too little (a browser wrote it for its first second, or not at all) is read to its end all the
 * same, as are WAV files joined to one.
 */
export class PcmDecoding implements Decoding {
  readonly skippedTracks = 0;
  readonly #source: ByteSource;
  readonly #region: PcmRegion;
  readonly #channel: number | undefined;
  #isCut = false;

  /** @param channel the only one to use, from 1; by default all of them are mixed */
  constructor(source: ByteSource, region: PcmRegion, channel?: number) {
    this.#source = source;
    this.#region = region;
    this.#channel = channel;
  }

  async *pieces(signal: AbortSignal): AsyncGenerator<Float32Array> {
    const { start, isWav } = this.#region;
    const chunks = untilAborted(this.#source.chunks(start), signal);
    try {
      const queue = new ByteQueue(chunks);
      for (let samples: Samples | undefined = this.#region; samples; ) {
        yield* this.#decode(queue, samples);
        samples = isWav && samples.bytes !== undefined ? await this.#following(queue, samples) : undefined;
      }
    } finally {
      await chunks.return(undefined);
    }
  }

  async isCut(): Promise<boolean> {
    return this.#isCut;
  }

  async *#decode(queue: ByteQueue, { layout, bytes }: Samples): AsyncGenerator<Float32Array> {
    const channel = this.#channel === undefined ? undefined : Math.min(this.#channel, layout.channels) - 1;
    const unpacker = new PcmUnpacker(layout, channel);
    const { sampleRateHz } = layout;
    const resampler = sampleRateHz === ENGINE_SAMPLE_RATE_HZ ? undefined : new Resampler(sampleRateHz);
    let left = bytes ?? Number.POSITIVE_INFINITY;
    while (left > 0) {
      const chunk = await queue.take(left);
      if (!chunk) break;
      left -= chunk.length;
      const samples = unpacker.unpack(chunk);
      if (resampler) yield* resampler.push(samples);
      else yield samples;
    }
    if (resampler) yield resampler.flush();
    if ((bytes !== undefined && left > 0) || unpacker.hasPartialBlock) this.#isCut = true;
  }

  /** What comes behind the declared end: other chunks, another WAV file, or samples that the header does not know of. */
  async #following(queue: ByteQueue, { layout, bytes }: Samples): Promise<Samples | undefined> {
    if (bytes! % 2 === 1) {
      const next = await queue.peek(5);
      if (next[0] === 0 && !isChunkId(next)) await queue.skip(1); // chunks are padded to even lengths
    }
    for (;;) {
      const head = await queue.peek(12);
      if (head.length === 0 || TAGS.test(text(head, 0, head.length))) return undefined;
      if (isWavStart(head)) return this.#joined(queue);
      const size = head.length < 8 ? 0 : view(head).getUint32(4, !layout.codec.endsWith('be'));
      const isChunk = isChunkId(head) || (await isUnknownChunk(queue, size));
      if (!isChunk) return { layout, bytes: undefined };
      await queue.skip(8 + size);
      const after = await queue.peek(5);
      if (size % 2 === 1 && (isChunkId(after, 1) || !isChunkId(after))) await queue.skip(1);
    }
  }

  async #joined(queue: ByteQueue): Promise<Samples | undefined> {
    const readAt = async (position: number, length: number) => (await queue.peek(position + length)).subarray(position);
    try {
      const { layout, dataStart, dataBytes } = await wavHeader(readAt, undefined);
      if (layout) {
        await queue.skip(dataStart);
        return { layout, bytes: dataBytes };
      }
    } catch {
      // A damaged header: the rest is dropped, and that is reported.
    }
    this.#isCut = true;
    return undefined;
  }
}

/** Private chunks of a program, distinguished from samples by their printable name and by what follows them. */
async function isUnknownChunk(queue: ByteQueue, size: number): Promise<boolean> {
  const id = await queue.peek(8);
  if (size > MAX_UNKNOWN_CHUNK_BYTES || !/^[A-Za-z][\x20-\x7e]{3}$/.test(text(id, 0, 4))) return false;
  const behind = (await queue.peek(8 + size + 6)).subarray(8 + size);
  return behind.length <= 1 || isChunkId(behind) || isChunkId(behind, 1);
}
