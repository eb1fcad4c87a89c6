import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import { networkOf } from './networkOf.js';

interface Connection {
  readonly socket: Socket;
  /** Streams and calls of admitted callers that it carries. */
  kept: number;
  /** The HTTP call it carries. */
  request: IncomingMessage | undefined;
}

/**
 * The connections of a server. There may be so many and no more; past that the one that has waited longest gives way, of the
 * network that has most of them. Those that carry an admitted stream, or a call that came whole, never do: whoever opens
 * connections and says nothing takes no place that anybody else needs.
 */
export class Connections {
  readonly #most: number;
  /** By the far side's address and port. */
  readonly #byPeer = new Map<string, Connection>();
  /** The peers of each network, in the order they came. */
  readonly #networks = new Map<string, Set<string>>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Looks after every connection that a server accepts from now on. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#add(socket));
  }

  /** Keeps the connection of a peer (`address:port`) until the result is called: an admitted stream goes over it. */
  keep(peer: string): () => void {
    const connection = this.#byPeer.get(peer);
    if (connection === undefined) return () => undefined; // gone already
    connection.kept += 1;
    let isKept = true;
    return () => {
      if (isKept) connection.kept -= 1;
      isKept = false;
    };
  }

  /** A call over HTTP: once it has come whole its connection is kept until it is answered. */
  carries(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#byPeer.get(peerOf(request.socket));
    if (connection === undefined) return;
    connection.request = request;
    response.once('close', () => {
      if (connection.request === request) connection.request = undefined;
    });
  }

  #add(socket: Socket): void {
    const peer = peerOf(socket);
    if (this.#byPeer.get(peer)?.socket === socket) return; // an offered upgrade was declined: see declineUpgrade
    if (this.#byPeer.size >= this.#most && !this.#evictOne()) {
      socket.destroy();
      return;
    }
    const network = networkOf(socket.remoteAddress ?? '');
    const connection = { socket, kept: 0, request: undefined };
    this.#byPeer.set(peer, connection);
    const peers = this.#networks.get(network) ?? new Set();
    this.#networks.set(network, peers.add(peer));
    socket.once('close', () => this.#delete(peer, network, connection));
  }

  #delete(peer: string, network: string, connection: Connection): void {
    if (this.#byPeer.get(peer) !== connection) return; // the port is in use again
    this.#byPeer.delete(peer);
    const peers = this.#networks.get(network);
    peers?.delete(peer);
    if (peers?.size === 0) this.#networks.delete(network);
  }

  /** Whether one gave way. */
  #evictOne(): boolean {
    const fullestFirst = [...this.#networks].sort(([, a], [, b]) => b.size - a.size);
    for (const [network, peers] of fullestFirst) {
      for (const peer of peers) {
        const connection = this.#byPeer.get(peer)!;
        if (connection.kept > 0 || connection.request?.complete) continue;
        this.#delete(peer, network, connection);
        connection.socket.destroy();
        return true;
      }
    }
    return false;
  }
}

/** `address:port` of the far side of a connection. */
export const peerOf = ({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string =>
  `${remoteAddress}:${remotePort}`;
