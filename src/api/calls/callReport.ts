import type { IncomingMessage } from 'node:http';

/** What became of one call, for the log and the metrics: ids and numbers, nothing of what was sent or answered. */
export interface CallReport {
  readonly requestId: string;
  readonly method: string;
  /** The path as it was declared, e.g. `/v1/speakers/:speakerId`: never the ids in it. */
  readonly route: string;
  /** 499 where the client hung up before its answer. */
  readonly status: number;
  readonly durationMs: number;
  /** Audio worked on. */
  readonly audioMs: number;
  readonly tenantId?: string;
  readonly keyId?: string;
}

/** As nginx counts a client that hung up. */
export const CLIENT_GONE = 499;

/** What Express (4 and 5) leaves in the request of a declared route. */
interface RoutedRequest {
  readonly baseUrl?: string;
  readonly route?: { readonly path?: unknown };
}

export function routeOf(request: IncomingMessage): string {
  const { baseUrl = '', route } = request as RoutedRequest;
  return typeof route?.path === 'string' ? `${baseUrl}${route.path}` : 'other';
}
