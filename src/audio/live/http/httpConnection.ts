import { setTimeout as sleep } from 'node:timers/promises';
import { VoicePrintsError } from '../../../core/errors.js';
import type { LiveFormat } from '../../../core/live.js';
import type { HttpSource } from '../../../core/liveSource.js';
import type { LiveConnection, TimedSamples } from '../liveConnection.js';
import { lost } from '../liveErrors.js';
import type { LauncherOptions } from '../pipeline/launcher.js';
import { output, type PipelinePart } from '../pipeline/pipeline.js';
import { pipelineAudio } from '../pipeline/pipelineAudio.js';
import { hlsBytes, hlsSegments, MAX_PLAYLIST_BYTES } from './hlsStream.js';
import { addressOf, bodyOf, type HttpAnswer, HttpClient, wholeBody } from './httpClient.js';
import { withoutTitles } from './icyMetadata.js';
import { type CUT, linksOf } from './links.js';
import { withCuts } from './oggChain.js';

/** Redirects and playlists that lead to further playlists, one after the other. */
const MAX_HOPS = 5;
/** Shortest time between the starts of two links: each is decoded by a process of its own, and a server may send very short ones. */
const LEAST_LINK_MS = 1_000;

export interface HttpOptions extends LauncherOptions {
  /** Hosts of private networks that redirects and playlists may lead to. */
  readonly allowHosts?: readonly string[];
}

/** What an address turned out to be. */
interface Opened {
  readonly bytes: AsyncIterable<Uint8Array | typeof CUT>;
  /** Whether it has an end, and is over then. */
  readonly hasEnd: boolean;
  /** Whether it comes in bursts, or as fast as it can, and must be slowed down. */
  readonly isPaced: boolean;
}

/**
 * Audio over HTTP. It is fetched here and decoded by a child, so that its arguments contain no address and no
 * password, and status codes are known. Within a connection the audio has no gaps.
 */
export class HttpConnection implements LiveConnection {
  readonly firstDataMs = 30_000;
  readonly stallMs = 15_000;
  readonly isNarrowBand = undefined; // unknown: decoders do not report it
  readonly #source: HttpSource;
  readonly #options: HttpOptions;

  constructor(source: HttpSource, options: HttpOptions) {
    this.#source = source;
    this.#options = options;
  }

  #format: LiveFormat | undefined;

  get format(): LiveFormat | undefined {
    return this.#format;
  }

  async *connect(signal: AbortSignal): AsyncGenerator<TimedSamples> {
    const { bytes, hasEnd, isPaced } = await this.#open(signal);
    const parts: readonly PipelinePart[] = [
      ['fdsrc', { fd: 0 }],
      ['decodebin', { caps: 'audio/x-raw', 'expose-all-streams': 'false' }],
      ...output({ isPaced, isLossy: false }),
    ];
    let startedMs = Number.NEGATIVE_INFINITY;
    for await (const input of linksOf(bytes)) {
      await sleep(Math.max(0, startedMs + LEAST_LINK_MS - performance.now()), undefined, { signal });
      startedMs = performance.now();
      for await (const { samples } of pipelineAudio({ parts, input, explain: unreadable }, this.#options, signal)) {
        yield { samples };
      }
    }
    if (!hasEnd) throw lost('the server has ended the stream');
  }

  async #open(signal: AbortSignal): Promise<Opened> {
    const client = new HttpClient(this.#source, this.#options.allowHosts ?? []);
    let { url } = this.#source;
    for (let hops = 0; hops < MAX_HOPS; hops += 1) {
      const answer = await client.get(url, signal);
      if (!isPlaylist(answer)) {
        this.#format = formatOf(answer);
        const hasEnd = answer.header('content-length') !== undefined;
        const sound = withoutTitles(bodyOf(answer, signal), answer.header('icy-metaint'));
        return { bytes: withCuts(sound), hasEnd, isPaced: hasEnd };
      }
      const text = (await wholeBody(answer, MAX_PLAYLIST_BYTES, 'the playlist', signal)).toString('utf8');
      if (/^#EXT-X-(?:STREAM-INF|TARGETDURATION)/m.test(text)) {
        const { playlist, url: at } = await hlsSegments(text, answer.url, client, signal);
        return { bytes: hlsBytes(playlist, at, client, signal), hasEnd: playlist.hasEnd, isPaced: true };
      }
      const first = firstEntry(text);
      if (!first) throw lost('the playlist is empty');
      url = addressOf(first, answer.url);
    }
    throw lost('the playlists refer to each other too often');
  }
}

/** `audio/mpeg` as the server names it; nothing that a page could show wrongly. */
function formatOf({ header }: HttpAnswer): LiveFormat | undefined {
  const encoding = /^[\w.+-]+\/[\w.+-]+/.exec(header('content-type') ?? '')?.[0];
  return encoding === undefined ? undefined : { encoding: encoding.toLowerCase() };
}

/** HLS, and the lists (M3U, PLS) that radio stations hand out. */
function isPlaylist({ header, url }: HttpAnswer): boolean {
  const type = header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  return /mpegurl|scpls/.test(type) || /\.(?:m3u8?|pls)$/i.test(new URL(url).pathname);
}

/** `http://…` in M3U, `File1=http://…` in PLS. */
const firstEntry = (text: string): string | undefined =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim().replace(/^File\d+=/i, ''))
    .find((line) => line !== '' && !/^(?:#|\[)/.test(line) && !/^\w+=/.test(line));

/** Messages of demultiplexers and decoders about data that are not audio, or of an unknown kind. */
function unreadable(complaint: string): VoicePrintsError | undefined {
  if (!/type of stream|not-negotiated|missing a plug-in|no suitable|no valid frames|demultiplex/i.test(complaint))
    return undefined;
  return new VoicePrintsError(
    'AUDIO_FORMAT_UNSUPPORTED',
    'the data at this address cannot be decoded as audio; give the address of the stream itself',
  );
}
