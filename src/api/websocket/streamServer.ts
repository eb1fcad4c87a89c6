import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { guarded } from '../../core/guarded.js';
import { type Lazy, lazy } from '../../core/lazy.js';
import type { Engine } from '../../engine/engine.js';
import type { Span, Tracing } from '../../tracing/tracing.js';
import { admitStreamRequest, type KeyCheck } from '../access/admitKey.js';
import type { Caller } from '../access/caller.js';
import { StreamSlots } from '../access/streamSlots.js';
import { callerAddress } from '../access/trustedProxies.js';
import type { FailureReport } from '../calls/call.js';
import { noteRefusal, streamSpan } from '../calls/callSpan.js';
import { reportToStderr } from '../calls/failureReport.js';
import type { KeptStreams } from '../keptStreams/keptStreams.js';
import { isWebSocket } from '../offeredUpgrade.js';
import { type Refusal, refusalOf } from '../refusals/refusal.js';
import { StreamConnection } from './streamConnection.js';
import type { StreamObserver } from './streamSessionOptions.js';
import type { StreamLimits, StreamSurface } from './streamSurface.js';

export const STREAM_LIMITS: StreamLimits = {
  maxMessageBytes: 256 * 1024,
  maxStreamsPerTenant: 50,
  maxStreams: 200,
  helloMs: 10_000,
  idleMs: 120_000,
  pingMs: 15_000,
  resumeMs: 30_000,
};

export interface StreamServerOptions extends KeyCheck {
  readonly engine: Engine;
  readonly limits?: Partial<StreamLimits>;
  /** Receives every internal fault; by default one line and the stack are written to stderr. */
  readonly onFailure?: (failure: FailureReport) => void;
  readonly observer?: StreamObserver | undefined;
  /** Protects the connection of an admitted stream, where idle connections may be closed; the returned function ends that. */
  readonly keep?: (request: IncomingMessage) => () => void;
  /** Nothing is traced by default. */
  readonly tracing?: Tracing | undefined;
}

interface AdmittedUpgrade {
  readonly socket: Duplex;
  readonly head: Buffer;
  /** Undefined where the first message has to bring a key. */
  readonly caller: Caller | undefined;
  /** Of the connection. */
  readonly span: Span;
  /** Ends that where the connection closes before it is a WebSocket. */
  readonly endEarly: () => void;
}

/** How long a client has to answer a close frame. */
const FAREWELL_MS = 1_000;

/** Path of the streams below wherever the server is mounted. */
const STREAM_PATH = '/v1/stream';

/** Whether an upgrade request is for a stream, at a server whose paths begin with `prefix` (without a slash at its end, e.g. `/voice-prints`). */
export const isStream = (request: IncomingMessage, prefix = ''): boolean =>
  isWebSocket(request) && (request.url ?? '').split('?')[0] === prefix + STREAM_PATH;

/** Live streams over WebSocket on an existing HTTP server: our own, or Node-RED's. */
export class StreamServer {
  readonly #sockets: WebSocketServer;
  readonly #surface: StreamSurface;
  readonly #connections = new Set<StreamConnection>();
  readonly #tracing: Tracing | undefined;
  readonly #keep: (request: IncomingMessage) => () => void;
  #isClosing = false;
  #stopListening = () => {};

  constructor({
    engine,
    keys,
    throttle,
    proxies,
    ingress,
    gate,
    onFailure,
    keep,
    observer,
    tracing,
    ...options
  }: StreamServerOptions) {
    this.#tracing = tracing;
    this.#keep = keep ?? (() => () => {});
    const limits = { ...STREAM_LIMITS, ...options.limits };
    const kept = keptStreamsOf(engine, limits.resumeMs);
    // In whichever process a person is erased.
    if (kept) this.#stopListening = engine.onErased(async (tenantId) => (await kept.get()).deleteWaiting(tenantId));
    this.#surface = {
      engine,
      keys,
      throttle,
      proxies,
      ingress,
      gate,
      limits,
      slots: new StreamSlots({ mostOfTenant: limits.maxStreamsPerTenant, mostOfAll: limits.maxStreams }),
      sessions: new Map(),
      report: onFailure ?? reportToStderr,
      observer,
      kept,
    };
    // Compression would cost memory for every connection, and audio does not shrink. One message per turn of the event loop:
    // a client that sends thousands at once does not block the others.
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: limits.maxMessageBytes,
      perMessageDeflate: false,
      allowSynchronousEvents: false,
    });
  }

  /** One upgrade request: a wrong key is refused before it becomes a WebSocket. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy()); // a disconnected client needs no answer
    const span = streamSpan(this.#tracing, request);
    const endEarly = (): void => span.end();
    socket.once('close', endEarly);
    const admit = async (): Promise<void> => {
      const caller = await admitStreamRequest(this.#surface, request);
      if (this.#isClosing) socket.destroy();
      else this.#upgrade(request, { socket, head, caller, span, endEarly });
    };
    const refuse = (thrown: unknown): void => {
      const refusal = refusalOf(thrown);
      noteRefusal(span, refusal);
      refuseUpgrade(socket, refusal);
    };
    span.within(guarded(refuse, admit));
  }

  #upgrade(request: IncomingMessage, { socket, head, caller, span, endEarly }: AdmittedUpgrade): void {
    const address = callerAddress(request, this.#surface.proxies);
    const begin = (webSocket: WebSocket) => {
      socket.off('close', endEarly);
      let giveBack = () => {};
      const onBegin = () => {
        giveBack = this.#keep(request);
      };
      const connection = new StreamConnection(webSocket, this.#surface, { caller, address, onBegin });
      this.#connections.add(connection);
      webSocket.once('close', (code: number) => {
        span.set({ 'voice_prints.stream.close_code': code });
        span.end();
        giveBack();
        this.#connections.delete(connection);
      });
    };
    const end = (thrown: unknown) => {
      socket.destroy();
      this.#surface.report({ requestId: 'stream', code: refusalOf(thrown).code, error: thrown });
    };
    this.#sockets.handleUpgrade(request, socket, head, guarded(end, begin));
  }

  /**
   * Refuses new streams. Open ones get their last turns; where other processes can go on with them, they are left to these. Then
   * closes the connections.
   */
  async close(graceMs = 10_000): Promise<void> {
    this.#isClosing = true;
    this.#stopListening();
    const { sessions, kept } = this.#surface;
    const deadline = Date.now() + graceMs;
    if (kept) await this.#handOver(graceMs);
    else for (const session of sessions.values()) session.end();
    while (!kept && [...sessions.values()].some(({ hasEnded }) => !hasEnded) && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const connection of this.#connections) connection.goAway();
    await Promise.allSettled([...sessions.values()].map((session) => session.dispose()));
    const farewell = setTimeout(() => {
      for (const connection of this.#connections) connection.hangUp();
    }, FAREWELL_MS);
    while (this.#connections.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    clearTimeout(farewell);
    this.#sockets.close();
    await (await kept?.opened())?.[Symbol.asyncDispose]();
  }

  /** Where the database does not answer, the streams go on from what was kept last. */
  async #handOver(withinMs: number): Promise<void> {
    const late = new AbortController();
    const limit = delay(withinMs, undefined, { signal: late.signal }).catch(() => undefined);
    const all = Promise.allSettled([...this.#surface.sessions.values()].map((session) => session.handOver()));
    await Promise.race([all, limit]);
    late.abort();
  }
}

/** Undefined where the store is this machine's own. */
function keptStreamsOf({ place }: Engine, resumeMs: number): Lazy<KeptStreams> | undefined {
  const url = place.databaseUrl;
  if (url === undefined) return undefined;
  return lazy(async () => {
    const { KeptStreams: Kept } = await import('../keptStreams/keptStreams.js'); // PostgreSQL is loaded where it is used
    return Kept.open(url, resumeMs);
  });
}

/** An answer of HTTP instead of a WebSocket. */
function refuseUpgrade(socket: Duplex, { v1Status }: Refusal): void {
  socket.end(`HTTP/1.1 ${v1Status} ${STATUS_CODES[v1Status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
