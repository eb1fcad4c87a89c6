import { guardedRequest, parseUrl } from './guardedRequest.js';

export interface GuardedPostOptions {
  /** Hosts (`name`, `name:port`) that may be in private networks. Everything else must resolve to public addresses only. */
  readonly allowHosts: readonly string[];
  /** From the connection to the end of the answer. */
  readonly timeoutMs: number;
  /** Of the answer this much is read, and thrown away; more is hung up on. */
  readonly maxAnswerBytes: number;
}

export const POST_DEFAULTS: Omit<GuardedPostOptions, 'allowHosts'> = { timeoutMs: 15_000, maxAnswerBytes: 65_536 };

/**
 * Sends JSON to a URL and returns the status of the answer. Guarded as guardedFetch: the address is checked when the
 * connection is made. A redirect is an answer like any other: what is signed for one address is not carried to another.
 * Throws URL_INVALID, URL_FORBIDDEN, URL_UNREACHABLE, URL_TIMEOUT, ABORTED; no message contains the URL.
 */
export async function guardedPost(
  text: string,
  { body, headers }: { readonly body: string; readonly headers: Readonly<Record<string, string>> },
  { allowHosts, timeoutMs, maxAnswerBytes }: GuardedPostOptions,
  signal: AbortSignal,
): Promise<number> {
  const total = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const url = parseUrl(text);
  const sent = {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    accept: '*/*',
  };
  const response = await guardedRequest(
    url,
    { method: 'POST', headers: sent, body, allowHosts, answerTimeoutMs: timeoutMs },
    total,
  );
  await readAway(response, maxAnswerBytes);
  return response.statusCode ?? 0;
}

/** The status is the answer: a body that is too long, too slow or cut off changes nothing. */
async function readAway(response: AsyncIterable<Buffer> & { destroy(): unknown }, maxBytes: number): Promise<void> {
  let received = 0;
  try {
    for await (const piece of response) {
      received += piece.length;
      if (received > maxBytes) break;
    }
  } catch {
    // as above
  } finally {
    response.destroy();
  }
}
