import type { IncomingMessage } from 'node:http';
import { NO_TRACING, type Span, type Tracing } from '../../tracing/tracing.js';
import type { Refusal } from '../refusals/refusal.js';
import { routeOf } from './callReport.js';

/** A call of REST, in the trace that its caller names; ends with the answer. */
export function callSpan(tracing: Tracing, request: IncomingMessage): Span {
  const { method = '' } = request;
  const route = routeOf(request);
  const facts = { 'http.request.method': method, 'http.route': route };
  return tracing.start(`${method} ${route}`, { ...startOf(request), facts });
}

/** A connection of a live stream over WebSocket, from its request to its end. */
export function streamSpan(tracing: Tracing | undefined, request: IncomingMessage): Span {
  return (tracing ?? NO_TRACING).start('WebSocket stream', startOf(request));
}

/** The code in any case; only a fault of ours makes the call a failed one. */
export function noteRefusal(span: Span, { type, code }: Refusal): void {
  if (type === 'api_error') span.fail(code);
  else span.set({ 'error.type': code });
}

function startOf({ headers: { traceparent } }: IncomingMessage) {
  const parent = typeof traceparent === 'string' ? traceparent : undefined;
  return { kind: 'server', parent, joins: true } as const;
}
