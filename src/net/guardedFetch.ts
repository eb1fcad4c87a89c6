import type http from 'node:http';
import { VoicePrintsError } from '../core/errors.js';
import { asUrlError, guardedRequest, parseUrl, timeout } from './guardedRequest.js';

export interface GuardedFetchOptions {
  /** Hosts (`name`, `name:port`) that may be in private networks. Everything else must resolve to public addresses only. */
  readonly allowHosts: readonly string[];
  readonly maxBytes: number;
  /** From the request to the head of the answer, each hop. */
  readonly answerTimeoutMs: number;
  /** Longest pause between two pieces of the body. */
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number;
  /** The `accept` header; anything by default. */
  readonly accept?: string;
}

export const FETCH_DEFAULTS: Omit<GuardedFetchOptions, 'maxBytes' | 'accept'> = {
  allowHosts: [],
  answerTimeoutMs: 15_000,
  idleTimeoutMs: 15_000,
  totalTimeoutMs: 120_000,
};

const MAX_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Fetches a URL as a stream of bytes, so that the body is never held as a whole.
 *
 * Guarded against requests to the server's own network: http(s) only, addresses checked when the connection is made
 * (so neither DNS rebinding nor odd spellings help), at most three redirects, each checked alike.
 * Throws URL_INVALID, URL_FORBIDDEN, URL_UNREACHABLE, URL_TIMEOUT at once, URL_TOO_LARGE and URL_TIMEOUT also from the
 * stream. No message contains the URL, which may carry credentials.
 */
export async function guardedFetch(
  text: string,
  options: GuardedFetchOptions,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const total = AbortSignal.any([signal, AbortSignal.timeout(options.totalTimeoutMs)]);
  let url = parseUrl(text);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const { allowHosts, answerTimeoutMs, accept = '*/*' } = options;
    const response = await guardedRequest(
      url,
      { method: 'GET', headers: { accept }, allowHosts, answerTimeoutMs },
      total,
    );
    const status = response.statusCode ?? 0;
    if (!REDIRECTS.has(status) || response.headers.location === undefined) {
      assertUsable(response, status, options.maxBytes);
      return bytesOf(response, options, total);
    }
    response.destroy();
    url = parseUrl(response.headers.location, url);
  }
  throw new VoicePrintsError(
    'URL_UNREACHABLE',
    `the url redirects more than ${MAX_REDIRECTS} times; give the final one`,
  );
}

function assertUsable(response: http.IncomingMessage, status: number, maxBytes: number): void {
  try {
    if (status !== 200) {
      throw new VoicePrintsError('URL_UNREACHABLE', `the url answered with status ${status} instead of 200; check it`);
    }
    if ((response.headers['content-encoding'] ?? 'identity') !== 'identity') {
      throw new VoicePrintsError('URL_UNREACHABLE', 'the url sent compressed data, which was not requested');
    }
    if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  } catch (error) {
    response.destroy();
    throw error;
  }
}

async function* bytesOf(
  response: http.IncomingMessage,
  { idleTimeoutMs, maxBytes }: GuardedFetchOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  // The socket's own idle timer would run on while the decoder makes us wait; this one runs only while we wait.
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    timer = setTimeout(() => response.destroy(timeout()), idleTimeoutMs);
  };
  try {
    wait();
    for await (const piece of response as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      received += piece.length;
      if (received > maxBytes) throw tooLarge(maxBytes);
      yield piece;
      wait();
    }
  } catch (error) {
    throw asUrlError(error, signal);
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
}

const tooLarge = (maxBytes: number) =>
  new VoicePrintsError('URL_TOO_LARGE', `the file behind the url is larger than ${maxBytes} bytes; give a smaller one`);
