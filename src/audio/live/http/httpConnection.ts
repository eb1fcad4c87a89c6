import { VoicePrintsError } from '../../../core/errors.js';
import type { HttpSource } from '../../../core/liveSource.js';
import type { LiveConnection, TimedSamples } from '../liveConnection.js';
import { lost } from '../liveErrors.js';
import type { LauncherOptions } from '../pipeline/launcher.js';
import { output, type PipelinePart } from '../pipeline/pipeline.js';
import { pipelineAudio } from '../pipeline/pipelineAudio.js';
import { hlsBytes, hlsSegments } from './hlsStream.js';
import { bodyOf, HttpClient } from './httpClient.js';

const MAX_PLAYLIST_BYTES = 1_048_576;
/** Lists that name lists that name lists … */
const MAX_HOPS = 5;

/** What an address turned out to be. */
interface Opened {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Whether it has an end, and is over then. */
  readonly hasEnd: boolean;
  /** Whether it comes in bursts, or as fast as it can, and must be slowed down. */
  readonly isPaced: boolean;
}

/**
 * Audio over HTTP. It is fetched here and decoded by a child, so that no address and no password stands in an argument
 * list, and status codes are known. Nothing is lost within a connection: pieces follow on each other.
 */
export class HttpConnection implements LiveConnection {
  readonly firstDataMs = 30_000;
  readonly stallMs = 15_000;
  readonly isNarrowBand = undefined; // decoders do not say
  readonly #source: HttpSource;
  readonly #options: LauncherOptions;

  constructor(source: HttpSource, options: LauncherOptions) {
    this.#source = source;
    this.#options = options;
  }

  async *connect(signal: AbortSignal): AsyncGenerator<TimedSamples> {
    const { bytes, hasEnd, isPaced } = await this.#open(signal);
    const parts: readonly PipelinePart[] = [
      ['fdsrc', { fd: 0 }],
      ['decodebin', { caps: 'audio/x-raw', 'expose-all-streams': 'false' }],
      ...output({ isPaced, isLossy: false }),
    ];
    for await (const { samples } of pipelineAudio(
      { parts, input: bytes, explain: unreadable },
      this.#options,
      signal,
    )) {
      yield { samples };
    }
    if (!hasEnd) throw lost('the server has ended the stream');
  }

  async #open(signal: AbortSignal): Promise<Opened> {
    const client = new HttpClient(this.#source.url, this.#source.credentials);
    let { url } = this.#source;
    for (let hops = 0; hops < MAX_HOPS; hops += 1) {
      const response = await client.get(url, signal);
      url = response.url || url;
      if (!isPlaylist(response)) {
        const hasEnd = response.headers.has('content-length');
        return { bytes: bodyOf(response, signal), hasEnd, isPaced: hasEnd };
      }
      const text = await playlistText(response, signal);
      if (/^#EXT-X-(?:STREAM-INF|TARGETDURATION)/m.test(text)) {
        const { playlist, url: at } = await hlsSegments(text, url, client, signal);
        return { bytes: hlsBytes(playlist, at, client, signal), hasEnd: playlist.hasEnd, isPaced: true };
      }
      const first = firstEntry(text);
      if (!first) throw lost('the playlist is empty');
      url = new URL(first, url).href;
    }
    throw lost('the playlist leads from one to another');
  }
}

/** HLS, and the lists (M3U, PLS) that radio stations hand out. */
function isPlaylist({ headers, url }: Response): boolean {
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  return /mpegurl|scpls/.test(type) || /\.(?:m3u8?|pls)$/i.test(url ? new URL(url).pathname : '');
}

async function playlistText(response: Response, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bodyOf(response, signal)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_PLAYLIST_BYTES) throw lost('the playlist is too long to be one');
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `http://…` in M3U, `File1=http://…` in PLS. */
const firstEntry = (text: string): string | undefined =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim().replace(/^File\d+=/i, ''))
    .find((line) => line !== '' && !/^(?:#|\[)/.test(line) && !/^\w+=/.test(line));

/** Complaints of demultiplexers and decoders about what is no audio, or none they know. */
function unreadable(complaint: string): VoicePrintsError | undefined {
  if (!/type of stream|not-negotiated|missing a plug-in|no suitable|no valid frames|demultiplex/i.test(complaint))
    return undefined;
  return new VoicePrintsError(
    'AUDIO_FORMAT_UNSUPPORTED',
    'what this address delivers is no audio that can be decoded here; give the address of the stream itself',
  );
}
