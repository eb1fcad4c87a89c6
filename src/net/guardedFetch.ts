import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent';
import { VoicePrintsError } from '../core/errors.js';

export interface GuardedFetchOptions {
  /** Hosts (`name`, `name:port`) that may lie in private networks. Everything else must resolve to public addresses only. */
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

/** A cloud's metadata service on an otherwise public address (Azure's wire server). */
const DENIED = ['168.63.129.16'];

/** Not kept alive: every connection resolves and checks its address anew, so a name cannot change under us. */
const guardedHttp = new RequestFilteringHttpAgent({ keepAlive: false, denyIPAddressList: DENIED });
const guardedHttps = new RequestFilteringHttpsAgent({ keepAlive: false, denyIPAddressList: DENIED });

/**
 * Opens what lies behind a URL and returns its bytes as a stream, so that nothing is held whole.
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
    const response = await open(url, options, total);
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

function parseUrl(text: string, base?: URL): URL {
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined;
  if (url === undefined)
    throw new VoicePrintsError('URL_INVALID', 'the url cannot be read; give a full http(s) address');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new VoicePrintsError('URL_FORBIDDEN', 'the url is neither http nor https; only these are fetched');
  }
  return url;
}

function isAllowed(url: URL, allowHosts: readonly string[]): boolean {
  const host = url.hostname.replace(/\.$/, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return allowHosts.map((entry) => entry.toLowerCase()).some((entry) => entry === host || entry === `${host}:${port}`);
}

/** One hop: resolves with the head of the answer. */
function open(url: URL, options: GuardedFetchOptions, signal: AbortSignal): Promise<http.IncomingMessage> {
  const isTls = url.protocol === 'https:';
  const guarded = isTls ? guardedHttps : guardedHttp;
  const agent = isAllowed(url, options.allowHosts) ? new (isTls ? https : http).Agent() : guarded;
  const headers = { accept: options.accept ?? '*/*', 'accept-encoding': 'identity', 'user-agent': 'voice-prints' };
  // `async`, so that what `get` throws at once (a user name that does not decode) is a rejection too.
  const answer = async () => {
    const request = (isTls ? https : http).get(url, { agent, headers, signal });
    const timer = setTimeout(() => request.destroy(timeout()), options.answerTimeoutMs);
    try {
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      return response;
    } finally {
      clearTimeout(timer);
    }
  };
  return answer().catch((error: unknown) => {
    throw asUrlError(error, signal);
  });
}

function assertUsable(response: http.IncomingMessage, status: number, maxBytes: number): void {
  try {
    if (status !== 200) {
      throw new VoicePrintsError('URL_UNREACHABLE', `the url was answered with status ${status}; it must be 200`);
    }
    if ((response.headers['content-encoding'] ?? 'identity') !== 'identity') {
      throw new VoicePrintsError('URL_UNREACHABLE', 'the url was answered compressed although that was not asked for');
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

const timeout = () =>
  new VoicePrintsError('URL_TIMEOUT', 'the host of the url is too slow; try again, or send the file itself');

const tooLarge = (maxBytes: number) =>
  new VoicePrintsError('URL_TOO_LARGE', `the file behind the url is larger than ${maxBytes} bytes; give a smaller one`);

function asUrlError(thrown: unknown, signal: AbortSignal): VoicePrintsError {
  if (thrown instanceof VoicePrintsError) return thrown;
  if (signal.aborted) {
    const isTimeout = (signal.reason as Error | undefined)?.name === 'TimeoutError';
    return isTimeout ? timeout() : new VoicePrintsError('ABORTED', 'the work was stopped before it ended');
  }
  // The agent gives its refusals no code, only these words (request-filtering-agent 3).
  if (thrown instanceof Error && /is not allowed\. Because/.test(thrown.message)) {
    return new VoicePrintsError(
      'URL_FORBIDDEN',
      'the url leads to a private or reserved address; its host must be allowed by the operator of this server',
    );
  }
  const code = (thrown as NodeJS.ErrnoException).code;
  const reason = code === undefined ? 'the connection failed' : `the connection failed with ${code}`;
  return new VoicePrintsError('URL_UNREACHABLE', `the url cannot be fetched, ${reason}; check it`);
}
