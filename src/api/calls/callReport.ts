import type { IncomingMessage } from 'node:http';

/** Outcome of one call, for the log and the metrics: ids and numbers, no content of request or answer. */
export interface CallReport {
  readonly requestId: string;
  readonly method: string;
  /** The path as it was declared, e.g. `/v1/speakers/:speakerId`: never the ids in it. */
  readonly route: string;
  /** 499 where the client disconnected before its answer. */
  readonly status: number;
  readonly durationMs: number;
  /** Audio processed. */
  readonly audioMs: number;
  readonly tenantId?: string;
  readonly keyId?: string;
}

/** The status nginx logs for a client that disconnected. */
export const CLIENT_GONE = 499;

/** Members that Express (4 and 5) sets on the request of a declared route. */
interface RoutedRequest {
  readonly baseUrl?: string;
  readonly route?: { readonly path?: unknown };
}

/** Express gives the base as the caller spelled it, in any case: each spelling would be a series of its own in the metrics. */
export function routeOf(request: IncomingMessage): string {
  const { baseUrl = '', route } = request as RoutedRequest;
  return typeof route?.path === 'string' ? `${baseUrl.toLowerCase()}${route.path}` : 'other';
}
