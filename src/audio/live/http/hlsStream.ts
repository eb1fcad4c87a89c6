import { createDecipheriv } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { VoicePrintsError } from '../../../core/errors.js';
import { lost } from '../liveErrors.js';
import {
  bestForListening,
  type HlsKey,
  type HlsPlaylist,
  type HlsRange,
  type HlsSegment,
  parseHlsPlaylist,
} from './hlsPlaylist.js';
import { addressOf, bodyOf, type HttpClient, wholeBody } from './httpClient.js';
import { CUT } from './links.js';

export const MAX_PLAYLIST_BYTES = 1_048_576;
/** RFC 8216, 6.3.3: a client starts no nearer to the end than three target durations. */
const SEGMENTS_FROM_END = 3;
/** Of a segment so much is fetched ahead of the decoder: some seconds of pictures, minutes of sound. */
const AHEAD_BYTES = 4_194_304;
const KEY_BYTES = 16;

type Segments = Extract<HlsPlaylist, { kind: 'segments' }>;

/** The playlist of segments behind a playlist, which may offer several. Throws LIVE_LOST. */
export async function hlsSegments(text: string, url: string, client: HttpClient, signal: AbortSignal) {
  const playlist = parseHlsPlaylist(text);
  if (playlist.kind === 'segments') return { playlist, url };
  const best = bestForListening(playlist);
  if (best === undefined) throw lost('the HLS playlist lists no stream');
  return await load(addressOf(best, url), client, signal);
}

async function load(address: string, client: HttpClient, signal: AbortSignal) {
  const answer = await client.get(address, signal);
  const text = await wholeBody(answer, MAX_PLAYLIST_BYTES, 'the playlist', signal);
  const playlist = parseHlsPlaylist(text.toString('utf8'));
  if (playlist.kind === 'choice') throw lost('the HLS playlist refers to another master playlist');
  return { playlist, url: answer.url };
}

/**
 * The bytes of all segments one after another, with cuts where the clock or the coding restarts: from its beginning where the
 * playlist has an end, else from near its present end on. Throws LIVE_LOST where segments were missed,
 * AUDIO_FORMAT_UNSUPPORTED where they are locked.
 */
export async function* hlsBytes(
  first: Segments,
  url: string,
  client: HttpClient,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array | typeof CUT> {
  const loader = new SegmentLoader(client, signal);
  let next = first.hasEnd ? 0 : ((first.segments.at(-SEGMENTS_FROM_END) ?? first.segments[0])?.sequence ?? 0);
  for (let at = { playlist: first, url }; ; at = await load(url, client, signal)) {
    const { segments, targetMs, hasEnd } = at.playlist;
    if (!first.hasEnd && (segments[0]?.sequence ?? next) > next) throw lost('segments of the HLS stream were missed');
    const fresh = segments.filter(({ sequence }) => sequence >= next);
    for (const segment of fresh) {
      if (!segment.isGap) yield* loader.load(segment, at.url);
      next = segment.sequence + 1;
    }
    if (hasEnd) return;
    await sleep(targetMs / (fresh.length > 0 ? 1 : 2), undefined, { signal }); // RFC 8216, 6.3.4
  }
}

/** Fetches segments one after another; what comes is passed on as it comes, and never held whole. */
class SegmentLoader {
  readonly #client: HttpClient;
  readonly #signal: AbortSignal;
  /** The one in use, by its address. */
  #key: { readonly address: string; readonly bytes: Buffer } | undefined;
  #map: string | undefined;
  #hasBegun = false;

  constructor(client: HttpClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /** @param base address of the playlist, which those in it are relative to */
  async *load(segment: HlsSegment, base: string): AsyncGenerator<Uint8Array | typeof CUT> {
    const { map, key, isDiscontinuous } = segment;
    const mapName = map && `${addressOf(map.uri, base)} ${map.range?.offset} ${map.range?.length}`;
    const isMapNew = mapName !== this.#map;
    if (this.#hasBegun && (isDiscontinuous || isMapNew)) yield CUT;
    if (map && (isMapNew || isDiscontinuous)) yield* this.#get(addressOf(map.uri, base), map.range);
    this.#map = mapName;
    this.#hasBegun = true;
    const bytes = this.#get(addressOf(segment.uri, base), segment.range);
    yield* key ? this.#unlocked(bytes, key, segment.sequence, base) : bytes;
  }

  async *#unlocked(
    bytes: AsyncIterable<Uint8Array>,
    { method, uri, iv, isPlain }: HlsKey,
    sequence: number,
    base: string,
  ): AsyncGenerator<Uint8Array> {
    if (method !== 'AES-128' || uri === undefined || !isPlain) {
      throw new VoicePrintsError(
        'AUDIO_FORMAT_UNSUPPORTED',
        'the HLS stream is encrypted in a way that is not supported; use another one',
      );
    }
    const key = await this.#keyAt(addressOf(uri, base));
    const vector = iv ?? Buffer.from(sequence.toString(16).padStart(32, '0'), 'hex'); // RFC 8216, 5.2
    const decipher = createDecipheriv('aes-128-cbc', key, vector);
    for await (const chunk of bytes) yield decipher.update(chunk);
    try {
      yield decipher.final();
    } catch (cause) {
      throw lost('a segment of the HLS stream cannot be decrypted with its key', cause);
    }
  }

  async #keyAt(address: string): Promise<Buffer> {
    if (this.#key?.address === address) return this.#key.bytes;
    const answer = await this.#client.get(address, this.#signal);
    const bytes = await wholeBody(answer, KEY_BYTES, 'the key of the HLS stream', this.#signal);
    if (bytes.length !== KEY_BYTES) throw lost('the key of the HLS stream is too short');
    this.#key = { address, bytes };
    return bytes;
  }

  async *#get(address: string, range: HlsRange | undefined): AsyncGenerator<Uint8Array> {
    const wanted = range && `bytes=${range.offset}-${range.offset + range.length - 1}`;
    const answer = await this.#client.get(address, this.#signal, wanted);
    const bytes = bodyOf(answer, this.#signal, AHEAD_BYTES);
    // A server that does not know ranges sends all of it.
    yield* range ? part(bytes, answer.status === 206 ? 0 : range.offset, range.length) : bytes;
  }
}

async function* part(bytes: AsyncIterable<Uint8Array>, offset: number, length: number): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of bytes) {
    const [from, to] = [Math.max(0, offset - at), Math.min(chunk.length, offset + length - at)];
    if (to > from) yield chunk.subarray(from, to);
    at += chunk.length;
    if (at >= offset + length) return;
  }
}
