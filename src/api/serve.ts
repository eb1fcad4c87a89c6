import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { VoicePrintsError } from '../core/errors.js';
import { present } from '../core/present.js';
import { Connections, peerOf } from './access/connections.js';
import { KeyThrottle } from './access/keyThrottle.js';
import { answerBrokenRequest, answerWith, refuseExpectation } from './calls/brokenRequest.js';
import { cors } from './calls/cors.js';
import { writeJson, writeRefusal } from './calls/endpoint.js';
import { addOpenPage } from './calls/openPage.js';
import { declineUpgrade } from './offeredUpgrade.js';
import { consoleFiles } from './page/console.js';
import { docsPage } from './page/pages.js';
import { faultDialect, problemDialect } from './refusals/dialect.js';
import { refusalOf, refuseRoute } from './refusals/refusal.js';
import { createRestRouter } from './rest.js';
import { REST_LIMITS, type RestRouterOptions } from './restOptions.js';
import type { Tls } from './tlsFiles.js';
import { isStream, StreamServer } from './websocket/streamServer.js';
import type { StreamObserver } from './websocket/streamSessionOptions.js';
import type { StreamLimits } from './websocket/streamSurface.js';

export interface ServeOptions extends RestRouterOptions {
  /** 127.0.0.1 by default: reachable from other machines only when configured so. */
  readonly host?: string;
  /** 0 selects a free one. */
  readonly port?: number;
  /** PEM: HTTPS and WSS instead of HTTP and WS; see readTls. */
  readonly tls?: Tls | undefined;
  /** How long `close` waits for active calls before it aborts them. */
  readonly graceMs?: number;
  /** Web pages of these origins (see parseOrigins) may call from a browser; none by default. */
  readonly corsOrigins?: readonly string[];
  /** Limits on live streams over WebSocket. */
  readonly streamLimits?: Partial<StreamLimits>;
  /** Concurrent connections; 1,000 by default. Beyond that, the earliest that carry no call or stream are closed. */
  readonly maxConnections?: number;
  /** Sees the events of live streams over WebSocket. */
  readonly observer?: StreamObserver | undefined;
  /** Aborted when the process is to end: `/readyz` then says so, while active calls finish. */
  readonly draining?: AbortSignal;
  /** Throws where something that every call needs is away; beside the store. */
  readonly assertReady?: (() => void) | undefined;
}

export interface RunningServer {
  /** e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Stops listening, waits for active calls, then closes all connections. The caller still owns the engine. */
  close(): Promise<void>;
}

/**
 * Serves the REST surface, live streams over WebSocket, the console, the page of the calls, `/healthz` and `/readyz` without Node-RED;
 * with `isAnswering: false` only the last two and `/metrics`. Throws CONFIG_INVALID when it cannot listen on the port.
 */
export async function serve({
  host = '127.0.0.1',
  port = 8080,
  graceMs = 10_000,
  streamLimits = {},
  maxConnections = 1_000,
  corsOrigins = [],
  tls,
  observer,
  draining,
  assertReady,
  ...given
}: ServeOptions): Promise<RunningServer> {
  const maxWrong = given.options?.limits?.maxWrongKeysPerMinute ?? REST_LIMITS.maxWrongKeysPerMinute;
  const rest = { throttle: new KeyThrottle(maxWrong), ...given };
  const { engine, keys, throttle, proxies, ingress, gate, options, tracing } = rest;
  const connections = new Connections(maxConnections);
  const streams = new StreamServer({
    engine,
    keys,
    throttle,
    proxies,
    ingress,
    gate,
    limits: streamLimits,
    observer,
    tracing,
    keep: ({ socket }) => connections.keep(peerOf(socket)),
    ...present({ onFailure: options?.onFailure }),
  });
  // Slow or silent clients are disconnected: heads must arrive within 15 s, whole requests within the body's time limit.
  const timeouts = {
    headersTimeout: 15_000,
    requestTimeout: (rest.options?.limits?.bodyTimeoutMs ?? REST_LIMITS.bodyTimeoutMs) + 30_000,
    // Longer than the usual 60 s of a proxy in front of us, which would otherwise write to a closing connection.
    keepAliveTimeout: 65_000,
    connectionsCheckingInterval: 5_000,
    requireHostHeader: false, // refused by answerWith
  };
  const app = appOf(rest, { corsOrigins, ...present({ draining, assertReady }) });
  const answer = answerWith(app);
  const server = tls === undefined ? createServer(timeouts, answer) : openTlsServer(tls, timeouts, answer);
  server.on('checkExpectation', refuseExpectation);
  connections.watch(server);
  server.on('request', (request, response) => connections.carries(request, response));
  server.on('clientError', answerBrokenRequest);
  server.on('upgrade', (request, socket, head) => {
    if (isStream(request) && given.isAnswering !== false) streams.handleUpgrade(request, socket, head);
    else declineUpgrade(server, request, socket, head);
  });
  await listen(server, host, port);
  const { address, port: taken, family } = server.address() as AddressInfo;
  const shown = family === 'IPv6' ? `[${address}]` : address;
  const scheme = tls === undefined ? 'http' : 'https';
  return { url: `${scheme}://${shown}:${taken}`, close: () => close(server, streams, graceMs) };
}

/** Timeout of the TLS handshake; the default of two minutes holds an idle connection too long. */
const HANDSHAKE_MS = 15_000;

/** Throws CONFIG_INVALID where the certificate and its key cannot be used. */
function openTlsServer({ certificate, privateKey }: Tls, timeouts: ServerOptions, answer: RequestListener): Server {
  try {
    return createTlsServer({ ...timeouts, handshakeTimeout: HANDSHAKE_MS, cert: certificate, key: privateKey }, answer);
  } catch (cause) {
    const message = 'the TLS certificate and its private key cannot be used; give PEM files that belong together';
    throw new VoicePrintsError('CONFIG_INVALID', message, { cause });
  }
}

interface AppOptions extends Pick<ServeOptions, 'draining' | 'assertReady'> {
  readonly corsOrigins: readonly string[];
}

function appOf(rest: RestRouterOptions, { corsOrigins, draining, assertReady }: AppOptions): express.Express {
  const app = express();
  app.disable('x-powered-by');
  const allowed = new Set(corsOrigins);
  const ready = sharedWhileAsked(async () => {
    assertReady?.();
    await rest.engine.speakers().list();
  });
  if (allowed.size > 0) app.use(cors((origin) => (allowed.has(origin) ? origin : undefined)));
  addOpenPage(app, '/healthz', (_request, response) => writeJson(response, 200, { status: 'ok' }));
  addOpenPage(app, '/readyz', (_request, response) => {
    if (draining?.aborted) {
      writeJson(response, 503, { status: 'draining' });
      return;
    }
    ready().then(
      () => writeJson(response, 200, { status: 'ready' }),
      (error: unknown) => writeRefusal(response, problemDialect, refusalOf(error)),
    );
  });
  if (rest.isAnswering !== false) {
    const console = consoleFiles(['/', '/live'], rest.ingress);
    app.use((request, response, next) => void (console(request, response, request.path) || next()));
    addOpenPage(app, '/docs', docsPage(rest.ingress));
  }
  app.use(createRestRouter(rest));
  app.use((request, response) => {
    const dialect = /^\/v1(\/|$)/.test(request.path) ? problemDialect : faultDialect;
    refuseRoute().catch((error: unknown) => writeRefusal(response, dialect, refusalOf(error)));
  });
  return app;
}

/** Unauthenticated, at any rate: concurrent requests share one read of the store. */
function sharedWhileAsked<T>(ask: () => Promise<T>): () => Promise<T> {
  let asking: Promise<T> | undefined;
  return () => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays attached: a connection that cannot be accepted, for want of file descriptors, is an error of the server too.
    server.on('error', (error: NodeJS.ErrnoException) => {
      const message = `cannot listen on ${host}:${port} (${error.code}); choose another --host or --port`;
      reject(new VoicePrintsError('CONFIG_INVALID', message, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

async function close(server: Server, streams: StreamServer, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const hangUp = setTimeout(() => server.closeAllConnections(), graceMs);
  // Keep-alive connections become idle only when their call has ended.
  const ended = streams.close(graceMs);
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  await Promise.all([closed, ended]);
  clearTimeout(hangUp);
  clearInterval(sweep);
}
