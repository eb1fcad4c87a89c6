import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import { networkOf } from './networkOf.js';

interface Connection {
  readonly socket: Socket;
  /** Number of admitted streams and calls on it. */
  kept: number;
  /** The current HTTP call. */
  request: IncomingMessage | undefined;
}

/**
 * The connections of a server, limited in number. Beyond the limit the earliest connection of the network with most
 * connections is closed. Connections with an admitted stream, or a completely received call, are never closed:
 * unused connections cannot crowd out active clients.
 */
export class Connections {
  readonly #most: number;
  /** By remote address and port. */
  readonly #byPeer = new Map<string, Connection>();
  /** The peers of each network, in order of arrival. */
  readonly #networks = new Map<string, Set<string>>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Tracks every connection that a server accepts from now on. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#add(socket));
  }

  /** Protects the connection of a peer (`address:port`), which carries an admitted stream, until the returned function is called. */
  keep(peer: string): () => void {
    const connection = this.#byPeer.get(peer);
    if (connection === undefined) return () => undefined; // already closed
    connection.kept += 1;
    let isKept = true;
    return () => {
      if (isKept) connection.kept -= 1;
      isKept = false;
    };
  }

  /** A call over HTTP: once it is completely received, its connection is protected until it is answered. */
  carries(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#byPeer.get(peerOf(request.socket));
    if (connection === undefined) return;
    connection.request = request;
    response.once('close', () => {
      if (connection.request === request) connection.request = undefined;
    });
  }

  /** Cuts every connection that is still there, whatever it carries. */
  cutAll(): void {
    for (const { socket } of this.#byPeer.values()) socket.destroy();
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
    if (this.#byPeer.get(peer) !== connection) return; // the port is already in use by a newer connection
    this.#byPeer.delete(peer);
    const peers = this.#networks.get(network);
    peers?.delete(peer);
    if (peers?.size === 0) this.#networks.delete(network);
  }

  /** Closes one connection; false where none may be closed. */
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

/** `address:port` of the remote side of a connection. */
export const peerOf = ({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string =>
  `${remoteAddress}:${remotePort}`;
