import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { guarded } from '../../core/guarded.js';
import type { Progress } from '../../core/progress.js';
import type { Span } from '../../tracing/tracing.js';
import { admitRequest, type CallNeeds } from '../access/admitKey.js';
import { actorOf, type Caller } from '../access/caller.js';
import { KEY_PARAMETERS, parametersOf } from '../access/keyOf.js';
import type { Dialect } from '../refusals/dialect.js';
import { httpRefusal, type Refusal, RefusedError, refusalOf } from '../refusals/refusal.js';
import type { ApiRequest, Call, Handler, Surface, TextBody } from './call.js';
import { CLIENT_GONE, routeOf } from './callReport.js';
import { callSpan, noteRefusal } from './callSpan.js';
import { addField } from './schemas.js';

/** A handler for Express (4 and 5); it never rejects and never throws. */
export type Endpoint = (request: ApiRequest, response: ServerResponse) => void;

/**
 * The steps of every call: key, slot where audio is processed, handler, answer; or a refusal in the dialect of the surface.
 * Uses only node:http, so that the surrounding application may be Express 4 (Node-RED) or 5.
 */
export function endpoint(surface: Surface, dialect: Dialect, handler: Handler, needs: CallNeeds): Endpoint {
  return (request, response) => {
    const requestId = randomUUID();
    const beganMs = performance.now();
    const span = callSpan(surface.tracing, request);
    let caller: Caller | undefined;
    let audioMs = 0;
    let countsMinutes = true;
    response.setHeader('x-request-id', requestId);
    const call = async () => {
      const work = new AbortController();
      try {
        caller = await admitRequest(surface, request, needs);
        const { tenantId } = caller;
        const held: (() => void)[] = [];
        const hold = (bytes: number) => void held.push(surface.heldBytes.take(tenantId, bytes));
        const startWork = () => void held.push(surface.slots.take(tenantId));
        try {
          if (needs.audio !== undefined) held.push(surface.arrivals.take(tenantId));
          if (needs.audio === 'now') surface.slots.assertFree(tenantId); // before the client sends the body in vain
          const signal = watch(request, response, surface, work);
          const onProgress = ({ doneMs }: Progress) => {
            audioMs = Math.max(audioMs, doneMs);
          };
          const query = queryOf(request);
          const options = { signal, onProgress, actor: { name: actorOf(caller), requestId } };
          const given = { surface, tenantId, caller, request, response, query, signal };
          const countNoMinutes = () => {
            countsMinutes = false;
          };
          const answer = await handler({ ...given, hold, startWork, countNoMinutes, options });
          if (answer.text) writeText(response, answer.status, answer.text);
          else writeJson(response, answer.status, answer.body);
        } finally {
          for (const giveBack of held) giveBack();
          surface.gate.used(tenantId, countsMinutes ? audioMs : 0);
        }
      } catch (thrown) {
        refuse(thrown, { surface, dialect, request, response, requestId, signal: work.signal, span });
      }
    };
    const observe = () => {
      const status = response.writableFinished ? response.statusCode : CLIENT_GONE;
      span.set({ 'http.response.status_code': status, 'voice_prints.audio_ms': audioMs });
      span.end();
      surface.observe({
        requestId,
        method: request.method ?? '',
        route: routeOf(request),
        status,
        durationMs: performance.now() - beganMs,
        audioMs,
        ...(caller && { tenantId: caller.tenantId, keyId: caller.keyId }),
      });
    };
    response.once('close', guarded(failed(surface, requestId), observe));
    const start = guarded((thrown) => {
      if (!response.writableEnded) response.destroy(); // not even a refusal could be sent
      failed(surface, requestId)(thrown);
    }, call);
    span.within(start);
  };
}

/** Failures that do not affect the answer are only logged. */
const failed = (surface: Surface, requestId: string) => (thrown: unknown) =>
  surface.report({ requestId, code: refusalOf(thrown).code, error: thrown });

/** First value of each query parameter; all values of lists. */
function queryOf(request: ApiRequest): Record<string, string> {
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of parametersOf(request)) {
    if (!KEY_PARAMETERS.includes(name)) addField(query, name, value);
  }
  return query;
}

/** A signal that aborts the work when the client has disconnected. */
function watch(request: ApiRequest, response: ServerResponse, surface: Surface, work: AbortController): AbortSignal {
  const timer = setTimeout(() => {
    if (request.complete) return;
    const message = 'the body did not arrive in time; send it faster';
    work.abort(httpRefusal('BODY_TIMEOUT', message, { connection: 'close' }));
  }, surface.limits.bodyTimeoutMs);
  response.once('close', () => {
    clearTimeout(timer);
    if (!response.writableFinished) work.abort();
  });
  if (response.destroyed) work.abort(); // the client left while it was admitted
  return work.signal;
}

interface RefusedCall extends Pick<Call, 'surface' | 'request' | 'response' | 'signal'> {
  readonly dialect: Dialect;
  readonly requestId: string;
  readonly span: Span;
}

function refuse(thrown: unknown, { surface, dialect, request, response, requestId, signal, span }: RefusedCall): void {
  if (response.destroyed) return; // the client has disconnected: there is no one to answer
  const refusal = refusalOf(signal.reason instanceof RefusedError ? signal.reason : thrown);
  noteRefusal(span, refusal);
  const report = () => surface.report({ requestId, code: refusal.code, error: thrown });
  // That another process has the jobs is no fault of this one: the message says all there is.
  if (refusal.type === 'api_error' && refusal.code !== 'JOBS_LOCKED') guarded(() => undefined, report)(); // a log that fails keeps no answer back
  const write = () => {
    if (!response.headersSent && !response.destroyed) writeRefusal(response, dialect, refusal);
  };
  // Called by events of the connection too.
  const answer = guarded(() => response.destroy(), write);
  if (request.complete) {
    answer();
    return;
  }
  // Node.js closes a connection without keep-alive right after its answer: a client that is still sending would be reset and
  // lose the answer. It is answered once its body has arrived.
  const isAnsweredLater = /\bclose\b/i.test(request.headers.connection ?? '') && !request.headers.expect;
  if (!isAnsweredLater) answer();
  drain(request, surface.limits.maxBodyBytes, answer);
}

/** A client that takes longer than this to send a discarded body is answered and disconnected in the middle of it. */
const DRAIN_MS = 10_000;

/** Discards the body for a while, since many clients read the answer only after they have sent everything; then disconnects. */
function drain(request: ApiRequest, maxBytes: number, answer: () => void): void {
  let dropped = 0;
  const giveUp = setTimeout(answer, DRAIN_MS).unref();
  const end = () => {
    clearTimeout(giveUp);
    answer();
  };
  request.on('data', (piece: Buffer) => {
    dropped += piece.length;
    if (dropped > maxBytes) request.destroy();
  });
  request.once('end', end);
  request.once('close', end);
  request.on('error', () => {}); // a client that disconnects here has its answer
  request.resume();
}

/** Writes a refusal in the form of its surface. */
export function writeRefusal(response: ServerResponse, dialect: Dialect, refusal: Refusal): void {
  for (const [name, value] of Object.entries(refusal.headers ?? {})) response.setHeader(name, value);
  writeJson(response, dialect.status(refusal), dialect.body(refusal), dialect.contentType);
}

/** Writes an answer; personal data must not be cached. */
export function writeJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  contentType = 'application/json; charset=utf-8',
): void {
  if (response.destroyed || response.headersSent) return; // the client has disconnected
  response.statusCode = status;
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-content-type-options', 'nosniff');
  if (body === undefined) {
    response.end();
    return;
  }
  end(response, contentType, JSON.stringify(body));
}

function writeText(response: ServerResponse, status: number, { contentType, content }: TextBody): void {
  if (response.destroyed || response.headersSent) return;
  response.statusCode = status;
  response.setHeader('cache-control', 'no-store');
  end(response, contentType, content);
}

function end(response: ServerResponse, contentType: string, content: string): void {
  const bytes = Buffer.from(content);
  response.setHeader('content-type', contentType);
  response.setHeader('content-length', bytes.length);
  response.end(bytes);
}
