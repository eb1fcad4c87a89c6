import { type AddressInfo, createServer, type Server as SocketServer } from 'node:net';
import { createSecureContext } from 'node:tls';
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { VoicePrintsError } from '../../core/errors.js';
import type { Engine } from '../../engine/engine.js';
import { NO_TRACING, type Tracing } from '../../tracing/tracing.js';
import type { ApiKeys } from '../access/apiKeys.js';
import { Connections } from '../access/connections.js';
import { KeyThrottle } from '../access/keyThrottle.js';
import { StreamSlots } from '../access/streamSlots.js';
import type { TenantGate } from '../access/tenantGate.js';
import type { TrustedProxies } from '../access/trustedProxies.js';
import type { FailureReport } from '../calls/call.js';
import { reportToStderr } from '../calls/failureReport.js';
import { REST_LIMITS } from '../restOptions.js';
import { GRPC_LIMITS, type GrpcServerLimits } from './grpcLimits.js';
import { identifySpeaker } from './identifySpeaker.js';
import { openServices } from './openServices.js';
import { loadProto, realtimeService, SERVICE_NAME } from './realtimeProto.js';

export interface ServeGrpcOptions {
  readonly engine: Engine;
  readonly keys: ApiKeys;
  /** 127.0.0.1 by default: reachable from other machines only when configured so. */
  readonly host?: string;
  /** 50051 by default; 0 selects a free one. */
  readonly port?: number;
  /** PEM texts; without them the connection is not encrypted. */
  readonly tls?: { readonly certificate: Buffer; readonly privateKey: Buffer };
  readonly limits?: Partial<GrpcServerLimits>;
  /** Receives every internal fault; by default one line and the stack are written to stderr. */
  readonly onFailure?: (failure: FailureReport) => void;
  /** Wrong keys are counted together with those of other surfaces that share it. */
  readonly throttle?: KeyThrottle;
  /** See TrustedProxies; the header is then the metadata x-forwarded-for. */
  readonly proxies?: TrustedProxies | undefined;
  /** Enforces the limits of tenants; no limits without it. */
  readonly gate?: TenantGate | undefined;
  /** How long `close` waits for streams to end before it aborts them. */
  readonly graceMs?: number;
  /** Nothing is traced by default; see openTracing. */
  readonly tracing?: Tracing | undefined;
}

export interface RunningGrpcServer {
  /** e.g. `127.0.0.1:50051`. */
  readonly address: string;
  /** Refuses new calls, waits for active ones to end, then aborts them. The caller still owns the engine. */
  close(): Promise<void>;
}

/** Serves the realtime service, its health and its reflection. Throws CONFIG_INVALID when it cannot listen on the port. */
export async function serveGrpc(options: ServeGrpcOptions): Promise<RunningGrpcServer> {
  const { engine, keys, host = '127.0.0.1', port = 50_051, graceMs = 10_000 } = options;
  const limits = { ...GRPC_LIMITS, ...options.limits };
  const server = new Server({
    'grpc.max_receive_message_length': limits.maxMessageBytes,
    // A dead client is noticed within a minute and a half; one that pings too often is not disconnected.
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.max_concurrent_streams': limits.maxStreamsPerTenant * 2,
  });
  const connections = new Connections(limits.maxConnections);
  const surface = {
    engine,
    keys,
    limits,
    gate: options.gate,
    proxies: options.proxies,
    keep: (peer: string) => connections.keep(peer),
    throttle: options.throttle ?? new KeyThrottle(REST_LIMITS.maxWrongKeysPerMinute),
    slots: new StreamSlots({ mostOfTenant: limits.maxStreamsPerTenant, mostOfAll: limits.maxStreams }),
    report: options.onFailure ?? reportToStderr,
    tracing: options.tracing ?? NO_TRACING,
  };
  const proto = loadProto();
  // Methods without a handler (IdentifyEmotion, DiarizeEmotion) are answered UNIMPLEMENTED by the library.
  const handlers: UntypedServiceImplementation = { IdentifySpeaker: identifySpeaker.bind(undefined, surface) };
  server.addService(realtimeService(proto), handlers);
  const health = new HealthImplementation({ '': 'SERVING', [SERVICE_NAME]: 'SERVING' });
  health.addToServer(openServices(server));
  new ReflectionService(proto).addToServer(openServices(server));
  // Connections are accepted here and handed over: the library cannot limit them.
  const { injectConnection } = server.createConnectionInjector(credentialsOf(options.tls));
  const sockets = createServer((socket) => injectConnection(socket));
  connections.watch(sockets);
  const taken = await listen(sockets, host, port);
  return {
    address: `${bracketed(host)}:${taken}`,
    close: async () => {
      for (const name of ['', SERVICE_NAME]) health.setStatus(name, 'NOT_SERVING');
      await close(server, sockets, connections, graceMs);
    },
  };
}

function credentialsOf(tls: ServeGrpcOptions['tls']): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { certificate, privateKey } = tls;
  try {
    createSecureContext({ cert: certificate, key: privateKey }); // validated here: the library would only report that it cannot listen
    return ServerCredentials.createSsl(null, [{ cert_chain: certificate, private_key: privateKey }]);
  } catch (error) {
    const message =
      'the TLS certificate or key cannot be used; give both as PEM, the key without a passphrase, and of this certificate';
    throw new VoicePrintsError('CONFIG_INVALID', message, { cause: error });
  }
}

function listen(sockets: SocketServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    // Stays attached: a connection that cannot be accepted, for want of file descriptors, is an error of the server too.
    sockets.on('error', (cause) => {
      const message = `gRPC cannot listen on ${host}:${port}; choose another host or gRPC port`;
      reject(new VoicePrintsError('CONFIG_INVALID', message, { cause }));
    });
    sockets.listen(port, host, () => resolve((sockets.address() as AddressInfo).port));
  });
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** Clients have this long to hear that their stream was aborted. */
const FAREWELL_MS = 500;

/** Resolves once every connection is closed: from Node.js 24 on `tryShutdown` calls back while streams are still open. */
async function close(server: Server, sockets: SocketServer, connections: Connections, graceMs: number): Promise<void> {
  const abort = setTimeout(() => server.forceShutdown(), graceMs);
  const cut = setTimeout(() => connections.cutAll(), graceMs + FAREWELL_MS);
  const closed = new Promise<void>((resolve) => sockets.close(() => resolve()));
  server.tryShutdown(() => undefined);
  await closed;
  clearTimeout(abort);
  clearTimeout(cut);
}
