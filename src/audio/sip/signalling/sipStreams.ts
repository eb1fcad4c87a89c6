import { connect, createServer, type Server, type Socket } from 'node:net';
import { guarded } from '../../../core/guarded.js';
import type { SipPeer } from './sipMessage.js';
import { StreamMessages } from './streamMessages.js';

/** Connections at once, of everybody and of one address: one address leaves room for others. */
const MAX_CONNECTIONS = 200;
const MAX_CONNECTIONS_PER_HOST = 50;
/** Idle connections are closed; earlier those without a complete message, or with an incomplete one. */
const IDLE_MS = 600_000;
const INCOMPLETE_MS = 32_000;
const CONNECT_MS = 10_000;
/** Limit of unread answers for a peer that sends requests. */
const MAX_UNREAD_BYTES = 262_144;

/** SIP over TCP: messages framed by Content-Length (RFC 3261, 18.3), one connection per peer, used in both directions. */
export class SipStreams {
  readonly #onMessage: (message: Buffer, from: SipPeer) => void;
  readonly #connections = new Map<string, Socket>();
  #server: Server | undefined;

  /** @param onMessage never throws */
  constructor(onMessage: (message: Buffer, from: SipPeer) => void) {
    this.#onMessage = onMessage;
  }

  /** Rejects where the port is taken. */
  listen(address: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const server = createServer(guarded(ignored, (socket: Socket) => this.#accept(socket)));
      server.maxConnections = MAX_CONNECTIONS;
      let onError: (error: Error) => void = reject;
      server.on(
        'error',
        guarded(reject, (error: Error) => onError(error)),
      );
      const listening = () => {
        onError = ignored; // of one connection; the others continue
        this.#server = server;
        resolve();
      };
      server.listen(port, address, guarded(reject, listening));
    });
  }

  /** By the connection that is there, or a new one. Rejects where the peer cannot be reached. */
  async send(message: string, peer: SipPeer): Promise<void> {
    const known = this.#connections.get(keyOf(peer));
    const socket = known ?? (await this.#open(peer));
    if (socket.writableLength > MAX_UNREAD_BYTES) {
      socket.destroy();
      throw new Error('the peer does not accept data');
    }
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

  #accept(socket: Socket): void {
    const host = socket.remoteAddress ?? '';
    const ofHost = [...this.#connections.keys()].filter((key) => key.startsWith(`${host}:`)).length;
    if (ofHost >= MAX_CONNECTIONS_PER_HOST) socket.destroy();
    else this.#adopt(socket, { host, port: socket.remotePort ?? 0 });
  }

  #open(peer: SipPeer): Promise<Socket> {
    if (this.#connections.size >= MAX_CONNECTIONS) return Promise.reject(new Error('too many connections'));
    return new Promise((resolve, reject) => {
      const socket = connect({ port: peer.port, host: peer.host, timeout: CONNECT_MS });
      socket.once('close', () => reject(new Error('no connection')));
      this.#adopt(socket, peer);
      socket.once('connect', () => resolve(socket));
    });
  }

  #adopt(socket: Socket, peer: SipPeer): void {
    const key = keyOf(peer);
    this.#connections.set(key, socket);
    const messages = new StreamMessages();
    const end = () => socket.destroy();
    const listen = <A extends unknown[]>(event: string, callback: (...args: A) => unknown) =>
      socket.on(event, guarded(end, callback) as (...args: unknown[]) => void);
    let incomplete: NodeJS.Timeout | undefined = setTimeout(end, INCOMPLETE_MS); // nothing whole ever came
    listen('connect', () => socket.setTimeout(IDLE_MS));
    if (!socket.connecting) socket.setTimeout(IDLE_MS);
    listen('timeout', end);
    listen('error', end);
    listen('close', () => {
      clearTimeout(incomplete);
      if (this.#connections.get(key) === socket) this.#connections.delete(key);
    });
    listen('data', (bytes: Buffer) => {
      const whole = messages.push(bytes);
      if (whole === undefined) {
        end();
        return;
      }
      for (const message of whole) this.#onMessage(message, peer);
      if (whole.length > 0 || !messages.isHolding) {
        clearTimeout(incomplete);
        incomplete = undefined;
      }
      if (messages.isHolding) incomplete ??= setTimeout(end, INCOMPLETE_MS);
    });
  }
}

const ignored = (): void => undefined;
const keyOf = ({ host, port }: SipPeer): string => `${host}:${port}`;
