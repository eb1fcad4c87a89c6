import type { RequestHandler } from 'express';
import { VoicePrintsError } from '../../core/errors.js';

/** Methods and headers that the API uses, and headers of answers that a client may need to read. */
const METHODS = 'GET, POST, PATCH, DELETE';
const REQUEST_HEADERS = 'authorization, content-type, x-api-key, idempotency-key';
const ANSWER_HEADERS = 'x-request-id, retry-after, location';
/** How long a browser may cache a preflight answer. */
const MAX_AGE_SECONDS = 600;

/**
 * Origins of web pages, separated by commas, each as browsers send it: `https://app.example.org`, `http://localhost:5173`.
 * Throws CONFIG_INVALID for anything else, including `*`: each origin must be named.
 */
export function parseOrigins(list: string): readonly string[] {
  return list.split(',').flatMap((text) => (text.trim() === '' ? [] : originOf(text.trim())));
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url !== undefined && /^https?:$/.test(url.protocol) && !url.hostname.includes('*');
  if (isWeb && url.href === `${url.origin}/`) return url.origin;
  throw new VoicePrintsError(
    'CONFIG_INVALID',
    'the origins of web pages must be scheme, host and port alone, such as https://app.example.org; correct them',
  );
}

/**
 * Allows web pages of other origins to read answers (CORS). `leaveFor` returns the value allowed for an origin: that origin,
 * `*`, or undefined, in which case the browser blocks the answer. Keys are sent in a header that the page sets, so
 * credentials such as cookies are never allowed.
 */
export function cors(leaveFor: (origin: string) => string | undefined): RequestHandler {
  return (request, response, next) => {
    response.vary('origin'); // a cache must not reuse the answer for another origin
    const { origin } = request.headers;
    const leave = origin === undefined ? undefined : leaveFor(origin);
    if (leave === undefined) return void next();
    response.setHeader('access-control-allow-origin', leave);
    response.setHeader('access-control-expose-headers', ANSWER_HEADERS);
    const isPreflight = request.method === 'OPTIONS' && 'access-control-request-method' in request.headers;
    if (!isPreflight) return void next();
    response.setHeader('access-control-allow-methods', METHODS);
    response.setHeader('access-control-allow-headers', REQUEST_HEADERS);
    response.setHeader('access-control-max-age', MAX_AGE_SECONDS);
    response.writeHead(204).end();
  };
}
