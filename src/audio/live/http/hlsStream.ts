import { createDecipheriv } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { VoicePrintsError } from '../../../core/errors.js';
import { lost } from '../liveErrors.js';
import { bestForListening, type HlsPlaylist, type HlsSegment, parseHlsPlaylist } from './hlsPlaylist.js';
import type { HttpClient } from './httpClient.js';

/** RFC 8216, 6.3.3: a client starts no nearer to the end than three target durations. */
const SEGMENTS_FROM_END = 3;

type Segments = Extract<HlsPlaylist, { kind: 'segments' }>;

/** The playlist of segments behind a playlist, which may offer several. Throws LIVE_LOST. */
export async function hlsSegments(text: string, url: string, client: HttpClient, signal: AbortSignal) {
  let playlist = parseHlsPlaylist(text, url);
  let at = url;
  if (playlist.kind === 'choice') {
    at = bestForListening(playlist) ?? at;
    playlist = parseHlsPlaylist(await (await client.get(at, signal)).text(), at);
  }
  if (playlist.kind === 'choice') throw lost('the HLS playlist leads to another choice');
  return { playlist, url: at };
}

/**
 * The bytes of all segments one after another: from its beginning where the playlist has an end, else from near its
 * present end on. Throws LIVE_LOST where segments were missed, AUDIO_FORMAT_UNSUPPORTED where they are locked.
 */
export async function* hlsBytes(
  first: Segments,
  url: string,
  client: HttpClient,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const loader = new SegmentLoader(client, signal);
  let next = first.hasEnd ? 0 : (first.segments.at(-SEGMENTS_FROM_END)?.sequence ?? first.segments[0]?.sequence ?? 0);
  for (let playlist = first; ; playlist = await reload(url, client, signal)) {
    if (!first.hasEnd && (playlist.segments[0]?.sequence ?? next) > next)
      throw lost('parts of the HLS stream were missed');
    const fresh = playlist.segments.filter(({ sequence }) => sequence >= next);
    for (const segment of fresh) {
      yield* loader.load(segment);
      next = segment.sequence + 1;
    }
    if (playlist.hasEnd) return;
    await sleep(playlist.targetMs / (fresh.length > 0 ? 1 : 2), undefined, { signal }); // RFC 8216, 6.3.4
  }
}

async function reload(url: string, client: HttpClient, signal: AbortSignal): Promise<Segments> {
  const playlist = parseHlsPlaylist(await (await client.get(url, signal)).text(), url);
  if (playlist.kind === 'choice') throw lost('the HLS playlist has changed');
  return playlist;
}

class SegmentLoader {
  readonly #client: HttpClient;
  readonly #signal: AbortSignal;
  readonly #keys = new Map<string, Buffer>();
  #map: string | undefined;

  constructor(client: HttpClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  async *load({ uri, range, key, map, sequence }: HlsSegment): AsyncGenerator<Uint8Array> {
    const mapName = map && `${map.uri} ${map.range}`;
    if (map && mapName !== this.#map) yield this.#get(map.uri, map.range);
    this.#map = mapName;
    const bytes = await this.#get(uri, range);
    if (!key) return yield bytes;
    if (key.method !== 'AES-128' || !key.uri) {
      throw new VoicePrintsError('AUDIO_FORMAT_UNSUPPORTED', 'the HLS stream is locked; use one that is not');
    }
    const iv = key.iv ?? Buffer.from(sequence.toString(16).padStart(32, '0'), 'hex'); // RFC 8216, 5.2
    const decipher = createDecipheriv('aes-128-cbc', await this.#key(key.uri), iv);
    yield Buffer.concat([decipher.update(bytes), decipher.final()]);
  }

  async #key(uri: string): Promise<Buffer> {
    const known = this.#keys.get(uri) ?? (await this.#get(uri, undefined));
    this.#keys.clear(); // one at a time is in use
    this.#keys.set(uri, known);
    return known;
  }

  async #get(uri: string, range: string | undefined): Promise<Buffer> {
    const response = await this.#client.get(uri, this.#signal, range);
    return Buffer.from(await response.arrayBuffer());
  }
}
