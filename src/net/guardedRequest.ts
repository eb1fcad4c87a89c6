import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { aborted, VoicePrintsError } from '../core/errors.js';
import { PublicHttpAgent, PublicHttpsAgent } from './publicAgents.js';

const guardedHttp = new PublicHttpAgent();
const guardedHttps = new PublicHttpsAgent();

/** Reads an http(s) address. Throws URL_INVALID or URL_FORBIDDEN. */
export function parseUrl(text: string, base?: URL): URL {
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined;
  if (url === undefined)
    throw new VoicePrintsError('URL_INVALID', 'the url cannot be read; give a full http(s) address');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new VoicePrintsError('URL_FORBIDDEN', 'the url is neither http nor https; only these are fetched');
  }
  return url;
}

/** Whether the operator allowed this host. */
export function isAllowed(url: URL, allowHosts: readonly string[]): boolean {
  const host = url.hostname.replace(/\.$/, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return allowHosts.map((entry) => entry.toLowerCase()).some((entry) => entry === host || entry === `${host}:${port}`);
}

interface GuardedRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body?: string;
  /** Hosts (`name`, `name:port`) that may be in private networks. Everything else must resolve to public addresses only. */
  readonly allowHosts: readonly string[];
  /** From the request to the head of the answer. */
  readonly answerTimeoutMs: number;
}

/**
 * One request, without following redirects: resolves with the head of the answer. The address is checked when the
 * connection is made. Throws URL_FORBIDDEN, URL_UNREACHABLE, URL_TIMEOUT, ABORTED.
 */
export function guardedRequest(url: URL, options: GuardedRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
  const isTls = url.protocol === 'https:';
  const guarded = isTls ? guardedHttps : guardedHttp;
  const agent = isAllowed(url, options.allowHosts) ? new (isTls ? https : http).Agent() : guarded;
  const { method, body, answerTimeoutMs } = options;
  const headers = { 'accept-encoding': 'identity', 'user-agent': 'voice-prints', ...options.headers };
  // `async`, so that what `request` throws at once (a user name that does not decode) is a rejection too.
  const answer = async () => {
    const request = (isTls ? https : http).request(url, { method, agent, headers, signal });
    const timer = setTimeout(() => request.destroy(timeout()), answerTimeoutMs);
    try {
      request.end(body);
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

/** The host of the url does not answer in time. */
export const timeout = () =>
  new VoicePrintsError('URL_TIMEOUT', 'the host of the url is too slow; try again, or send the file itself');

/** Converts any failure of a connection to a VoicePrintsError. */
export function asUrlError(thrown: unknown, signal: AbortSignal): VoicePrintsError {
  if (thrown instanceof VoicePrintsError) return thrown;
  if (signal.aborted) {
    const isTimeout = (signal.reason as Error | undefined)?.name === 'TimeoutError';
    return isTimeout ? timeout() : aborted();
  }
  // The agent's refusals have no code, only this message (request-filtering-agent 3).
  if (thrown instanceof Error && /is not allowed\. Because/.test(thrown.message)) {
    return new VoicePrintsError(
      'URL_FORBIDDEN',
      'the url refers to a private or reserved address; the operator of this server must allow its host',
    );
  }
  const code = (thrown as NodeJS.ErrnoException).code;
  const reason = code === undefined ? 'the connection failed' : `the connection failed with ${code}`;
  return new VoicePrintsError('URL_UNREACHABLE', `the url cannot be fetched, ${reason}; check it`, { cause: thrown });
}
