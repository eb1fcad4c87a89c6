import { connect, createServer, type Server, type Socket } from 'node:net';
import type { SipPeer } from '../signalling/sipMessage.js';

/** Connections at once, and bytes of a message: a flood must not grow them. */
const MAX_CONNECTIONS = 200;
const MAX_MESSAGE_BYTES = 65_536;
/** A connection nobody speaks on is closed. */
const IDLE_MS = 600_000;

/** SIP over TCP: messages framed by Content-Length (RFC 3261, 18.3), one connection a peer, used in both directions. */
export class SipStreams {
  readonly #onMessage: (message: string, from: SipPeer) => void;
  readonly #connections = new Map<string, Socket>();
  #server: Server | undefined;

  constructor(onMessage: (message: string, from: SipPeer) => void) {
    this.#onMessage = onMessage;
  }

  /** Rejects where the port is taken. */
  listen(address: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const server = createServer((socket) => {
        this.#adopt(socket, { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 });
      });
      server.maxConnections = MAX_CONNECTIONS;
      server.once('error', reject);
      server.listen(port, address, () => {
        server.off('error', reject);
        server.on('error', () => undefined); // one connection's; the others go on
        this.#server = server;
        resolve();
      });
    });
  }

  /** By the connection that is there, or a new one. Rejects where the peer cannot be reached. */
  async send(message: string, peer: SipPeer): Promise<void> {
    const known = this.#connections.get(`${peer.host}:${peer.port}`);
    const socket = known ?? (await this.#open(peer));
    await new Promise<void>((resolve, reject) => {
      socket.write(message, (error) => (error ? reject(error) : resolve()));
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#connections.values()) socket.destroy();
    this.#connections.clear();
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #open(peer: SipPeer): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(peer.port, peer.host);
      socket.once('error', reject);
      this.#adopt(socket, peer);
      socket.once('connect', () => resolve(socket));
    });
  }

  #adopt(socket: Socket, peer: SipPeer): void {
    const key = `${peer.host}:${peer.port}`;
    this.#connections.set(key, socket);
    let held = Buffer.alloc(0);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.#connections.get(key) === socket) this.#connections.delete(key);
    });
    socket.on('data', (bytes) => {
      held = Buffer.concat([held, bytes]);
      for (let message = firstMessage(held); message; message = firstMessage(held)) {
        held = held.subarray(message.length);
        this.#onMessage(message.toString('utf8'), peer);
      }
      if (held.length > MAX_MESSAGE_BYTES) socket.destroy();
    });
  }
}

/** The first whole message, or a keep-alive before it; undefined while it is incomplete. */
function firstMessage(held: Buffer): Buffer | undefined {
  if (held.length >= 2 && held[0] === 0x0d && held[1] === 0x0a) return held.subarray(0, 2);
  const headEnd = held.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = held.toString('latin1', 0, headEnd);
  const bodyBytes = Number(/^(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})[ \t]*$/im.exec(head)?.[1] ?? 0);
  const end = headEnd + 4 + bodyBytes;
  return held.length >= end ? held.subarray(0, end) : undefined;
}
