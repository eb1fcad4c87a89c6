import type { IncomingMessage } from 'node:http';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { VoicePrintsError as LiveError, type VoicePrintsError } from '../../../core/errors.js';
import type { HttpSource } from '../../../core/liveSource.js';
import { MediaReach } from '../../../net/mediaReach.js';
import { isTlsFault } from '../../../tls/secureConnection.js';
import { HttpAuthorization } from '../httpAuthorization.js';
import { leadsAstray, lost, notFound, unauthorized, unreachable, untrusted } from '../liveErrors.js';

const MAX_REDIRECTS = 5;
/** After so many, the server only repeats that our answers are stale. */
const MAX_CHALLENGES = 3;
const REDIRECTS = [301, 302, 303, 307, 308];

/** An answer with a body. The caller reads the body to its end, or destroys it. */
export interface HttpAnswer {
  /** Where it came from, after redirects. */
  readonly url: string;
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: Readable;
}

/**
 * Fetches the parts of one source. User and password go to the host of its address only, redirects included. What the
 * address leads to is bound by `MediaReach`.
 */
export class HttpClient {
  readonly #origin: string;
  readonly #reach: MediaReach;
  readonly #authorization: HttpAuthorization | undefined;

  /** @param allowHosts of private networks that the source may lead to. Throws INPUT_INVALID. */
  constructor({ url, credentials, trust }: HttpSource, allowHosts: readonly string[]) {
    if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
      throw new LiveError('INPUT_INVALID', 'the address is not an HTTP address; write it as http://host:port/path');
    }
    this.#origin = new URL(url).origin;
    this.#reach = new MediaReach(new URL(url), allowHosts, trust);
    this.#authorization = credentials && new HttpAuthorization(credentials);
  }

  /**
   * Throws LIVE_UNREACHABLE, LIVE_UNAUTHORIZED, LIVE_NOT_FOUND, LIVE_LOST, URL_FORBIDDEN.
   *
   * @param range bytes wanted, in the form of `Range`
   */
  async get(address: string, signal: AbortSignal, range?: string): Promise<HttpAnswer> {
    let url = address;
    for (let redirects = 0, challenges = 0; ; ) {
      const response = await this.#fetch(url, signal, range);
      const { statusCode: status = 0, headers } = response;
      if (status >= 200 && status < 300) return answerOf(url, response);
      response.destroy();
      const next = REDIRECTS.includes(status) ? addressOf(headers.location, url) : undefined;
      if (next !== undefined && redirects < MAX_REDIRECTS) {
        redirects += 1;
        url = next;
      } else if (status === 401 && challenges < MAX_CHALLENGES && this.#isAnswered(url, response)) {
        challenges += 1;
      } else throw failureOfStatus(status, this.#authorization !== undefined);
    }
  }

  #isAnswered(url: string, { headers }: IncomingMessage): boolean {
    const challenges = headers['www-authenticate'];
    if (new URL(url).origin !== this.#origin) return false;
    return this.#authorization?.challenged(challenges === undefined ? [] : [challenges]) ?? false;
  }

  async #fetch(url: string, signal: AbortSignal, range: string | undefined): Promise<IncomingMessage> {
    const { origin, pathname, search } = new URL(url);
    const authorization = origin === this.#origin ? this.#authorization?.header('GET', pathname + search) : undefined;
    const headers = { ...(authorization && { authorization }), ...(range && { range }) };
    try {
      return await this.#reach.get(url, headers, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      throw failureOfUrl(thrown);
    }
  }
}

/** An address in a playlist or a redirect, relative to where it stands. Throws LIVE_LOST. */
export function addressOf(text: string | undefined, base: string): string {
  if (text === undefined || !URL.canParse(text, base)) throw lost('the server refers to an invalid address');
  return new URL(text, base).href;
}

function answerOf(url: string, response: IncomingMessage): HttpAnswer {
  const header = (name: string) => {
    const value = response.headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  const isCompressed = /^(?:x-)?gzip$/i.test(header('content-encoding') ?? ''); // some do so unasked
  const body = isCompressed ? pipeline(response, createGunzip(), () => undefined) : response;
  return { url, status: response.statusCode ?? 0, header, body };
}

function failureOfUrl(thrown: unknown): unknown {
  if (!(thrown instanceof LiveError)) return thrown;
  if (thrown.code === 'URL_FORBIDDEN') return leadsAstray();
  if (isTlsFault(thrown.cause)) return untrusted('the server', thrown);
  return unreachable('the server does not answer', thrown);
}

function failureOfStatus(status: number, hasCredentials: boolean): VoicePrintsError {
  if (status === 401 || status === 403) return unauthorized(hasCredentials);
  if (status === 404 || status === 410) return notFound('the server has no such stream');
  if (REDIRECTS.includes(status)) return lost('the server redirects too often');
  return lost(`the server refuses with status ${status}`);
}

/**
 * The bytes of an answer; LIVE_LOST where they break off.
 *
 * @param aheadBytes read ahead, so that a slow reader does not block the server
 */
export async function* bodyOf({ body }: HttpAnswer, signal: AbortSignal, aheadBytes = 0): AsyncGenerator<Uint8Array> {
  const ahead =
    aheadBytes > 0 ? pipeline(body, new PassThrough({ highWaterMark: aheadBytes / 2 }), () => undefined) : body;
  try {
    yield* ahead as AsyncIterable<Uint8Array>;
  } catch (cause) {
    signal.throwIfAborted();
    throw lost('the connection to the server broke', cause);
  } finally {
    body.destroy();
    ahead.destroy();
  }
}

/** A short body whole; LIVE_LOST where it is longer than `maxBytes`. */
export async function wholeBody(
  answer: HttpAnswer,
  maxBytes: number,
  what: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bodyOf(answer, signal)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) throw lost(`${what} is too long`);
  }
  return Buffer.concat(chunks);
}
