import type { IncomingMessage } from 'node:http';

/** Query parameters that carry the key; they never reach a handler. */
export const KEY_PARAMETERS = ['apikey', 'api_key'];

export function parametersOf(request: IncomingMessage): URLSearchParams {
  const url = request.url ?? '';
  const mark = url.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
}

/** The key of a request, from header or query; empty where it has none. */
export function keyOf(request: IncomingMessage): string {
  const parameters = parametersOf(request);
  const inQuery = KEY_PARAMETERS.map((name) => parameters.get(name)).find((key) => key);
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  const header = request.headers['x-api-key'];
  return inQuery || bearer || (typeof header === 'string' ? header : '') || '';
}
