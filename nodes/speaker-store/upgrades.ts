import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { NodeAPI } from 'node-red';
import { declineUpgrade, isWebSocket } from '../../src/api/offeredUpgrade.js';
import { isStream } from '../../src/api/websocket/streamServer.js';

type Take = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** By what the paths of a store's streams begin with. */
const streams = new Map<string, Take>();
/** The servers that are listened to: a package may be registered more than once at one. */
const servers = new WeakSet<Server>();

/** The path of a store as the server of Node-RED sees it, without a slash at its end. */
export const fullPath = (RED: NodeAPI, path: string): string =>
  `/${String(RED.settings.httpNodeRoot ?? '/')}/${path}`.replace(/\/+/g, '/').replace(/\/$/, '');

/**
 * Looks at every upgrade request of Node-RED's server: streams go to their store, and what was merely offered with a call of
 * ours is answered as that call. WebSockets of others are left alone, and offers of others unless no one else would answer.
 */
export function registerUpgrades(RED: NodeAPI, isOurCall: (path: string) => boolean): void {
  const server = RED.server as Server | undefined;
  if (!server || servers.has(server)) return;
  servers.add(server);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const destroy = () => socket.destroy();
    socket.on('error', destroy); // a client that has disconnected must not end Node-RED, whichever node answers it
    const take = [...streams].find(([prefix]) => isStream(request, prefix))?.[1];
    if (take) return take(request, socket, head);
    const isAlone = server.listenerCount('upgrade') === 1;
    if (!isAlone && (isWebSocket(request) || !isOurCall((request.url ?? '').split('?')[0]!))) return;
    socket.off('error', destroy);
    declineUpgrade(server, request, socket, head);
  });
}

/** Gives upgrade requests for streams below a full path to a store. Returns what ends that. */
export function takeStreams(prefix: string, take: Take): () => void {
  streams.set(prefix, take);
  return () => {
    if (streams.get(prefix) === take) streams.delete(prefix);
  };
}
