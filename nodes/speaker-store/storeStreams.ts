import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Node, NodeAPI } from 'node-red';
import type { KeyCheck } from '../../src/api/access/admitKey.js';
import type { FailureReport } from '../../src/api/calls/call.js';
import { isStream, StreamServer } from '../../src/api/websocket/streamServer.js';
import { asVoicePrintsError, type Engine } from '../../src/index.js';

interface StoreStreamsOptions extends KeyCheck {
  /** Below Node-RED's HTTP root, as of REST. */
  readonly path: string;
  readonly engine: () => Promise<Engine>;
  readonly onFailure: (failure: FailureReport) => void;
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
  const root = String(RED.settings.httpNodeRoot ?? '/');
  const prefix = `/${root}/${path}`.replace(/\/+/g, '/').replace(/\/$/, '');
  let opening: Promise<StreamServer> | undefined;
  const open = async (): Promise<StreamServer> => new StreamServer({ ...options, engine: await engine() });
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (!isStream(request, prefix)) return;
    socket.on('error', () => socket.destroy()); // a client that is gone needs no answer
    opening ??= open();
    opening.then(
      (streams) => streams.handleUpgrade(request, socket, head),
      (thrown: unknown) => {
        opening = undefined; // the store may open next time
        socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        store.error(asVoicePrintsError(thrown).message);
      },
    );
  };
  const server = RED.server as Server;
  server.on('upgrade', onUpgrade);
  return async () => {
    server.off('upgrade', onUpgrade);
    const streams = await opening?.catch(() => undefined); // that it failed was said when it failed
    await streams?.close(LAST_TURNS_MS);
  };
}
