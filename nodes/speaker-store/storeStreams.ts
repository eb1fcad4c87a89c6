import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Node, NodeAPI } from 'node-red';
import type { KeyCheck } from '../../src/api/access/admitKey.js';
import type { FailureReport } from '../../src/api/calls/call.js';
import { StreamServer } from '../../src/api/websocket/streamServer.js';
import { guarded } from '../../src/core/guarded.js';
import { lazy } from '../../src/core/lazy.js';
import { asVoicePrintsError, type Engine } from '../../src/index.js';
import type { Tracing } from '../../src/tracing/tracing.js';
import { fullPath, takeStreams } from './upgrades.js';

interface StoreStreamsOptions extends KeyCheck {
  /** Below Node-RED's HTTP root, as of REST. */
  readonly path: string;
  readonly engine: () => Promise<Engine>;
  readonly onFailure: (failure: FailureReport) => void;
  readonly tracing: Tracing;
}

/** A deploy waits for the last turns of open streams as long as they take, and this long at most; Node-RED waits 15 s in all. */
const LAST_TURNS_MS = 6_000;

/**
 * Takes live streams over WebSocket at Node-RED's own HTTP server, below the store's path; connections of others are left
 * alone. The engine opens with the first one at the latest. Returns what closes it.
 */
export function openStoreStreams(
  RED: NodeAPI,
  store: Node,
  { path, engine, ...options }: StoreStreamsOptions,
): () => Promise<void> {
  const streams = lazy(async () => new StreamServer({ ...options, engine: await engine() }));
  const take = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const refuse = (thrown: unknown): void => {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      store.error(asVoicePrintsError(thrown).message);
    };
    guarded(refuse, async () => {
      (await streams.get()).handleUpgrade(request, socket, head);
    })();
  };
  const leave = takeStreams(fullPath(RED, path), take);
  return async () => {
    leave();
    await (await streams.opened())?.close(LAST_TURNS_MS);
  };
}
