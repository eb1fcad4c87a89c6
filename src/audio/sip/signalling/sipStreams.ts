import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { guarded } from '../../../core/guarded.js';
import { connectSecurely, isTlsFault, serverOptions } from '../../../tls/secureConnection.js';
import type { SipTls } from '../sipTypes.js';
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
/** Names of hosts whose last connection failed over its certificate: the latest. */
const MAX_UNTRUSTED = 100;
const KEEP_ALIVE = '\r\n\r\n';

interface Connection {
  readonly socket: Socket;
  /** Once it may be written to. */
  readonly ready: Promise<Socket>;
}

export interface SipStreamsOptions {
  /** Everything goes over TLS; without it, over TCP. */
  readonly tls?: SipTls | undefined;
  /** Never throws. */
  readonly onMessage: (message: Buffer, from: SipPeer, socket: Socket) => void;
  /** Whether a connection of this address may come in; never throws. */
  readonly isAdmitted?: (host: string) => boolean;
  /** A connection that was made from here is over. */
  readonly onLost?: (peer: SipPeer, socket: Socket) => void;
}

/** SIP over TCP or TLS: messages framed by Content-Length (RFC 3261, 18.3), one connection per peer, used in both directions. */
export class SipStreams {
  readonly #options: SipStreamsOptions;
  readonly #connections = new Map<string, Connection>();
  /** Connections of others, those that are still agreeing on keys included. */
  readonly #accepted = new Set<Socket>();
  readonly #untrusted = new Set<string>();
  #server: Server | undefined;

  constructor(options: SipStreamsOptions) {
    this.#options = options;
  }

  /** Rejects where the port is taken. */
  listen(address: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const server = this.#createServer();
      server.maxConnections = MAX_CONNECTIONS;
      let onError: (error: Error) => void = reject;
      server.on(
        'error',
        guarded(reject, (error: Error) => onError(error)),
      );
      const listening = () => {
        onError = ignored; // of one connection; the others continue
        this.#server = server;
        resolve((server.address() as { readonly port: number }).port);
      };
      server.listen(port, address, guarded(reject, listening));
    });
  }

  /** Whether the last connection to this name failed over TLS. */
  isUntrusted(name: string): boolean {
    return this.#untrusted.has(name.toLowerCase());
  }

  /** The connection that is there, or a new one. Rejects where the peer cannot be reached. */
  connectionTo(peer: SipPeer): Promise<Socket> {
    const known = this.#connections.get(keyOf(peer));
    if (known) return known.ready;
    if (this.#connections.size >= MAX_CONNECTIONS) return Promise.reject(new Error('too many connections'));
    return this.#connect(peer);
  }

  /** Rejects where the connection is over, or its peer reads nothing. */
  async write(socket: Socket, message: string): Promise<void> {
    if (socket.writableLength > MAX_UNREAD_BYTES) {
      socket.destroy();
      throw new Error('the peer does not accept data');
    }
    await new Promise<void>((resolve, reject) => {
      socket.write(message, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Two line ends, which keep a router's way open (RFC 5626, 3.5.1), where there is a connection. */
  keepAlive(peer: SipPeer): void {
    this.#connections.get(keyOf(peer))?.socket.write(KEEP_ALIVE);
  }

  async close(): Promise<void> {
    for (const { socket } of this.#connections.values()) socket.destroy();
    for (const socket of this.#accepted) socket.destroy();
    this.#connections.clear();
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #createServer(): Server {
    const take = guarded(ignored, (socket: Socket) => this.#adoptAccepted(socket));
    const { tls } = this.#options;
    if (!tls) return createServer(take).prependListener('connection', this.#admit);
    const options = serverOptions(tls.own!, tls.trust, tls.isClientCertificateRequired);
    const server = createTlsServer({ ...options, handshakeTimeout: CONNECT_MS }, take);
    server.on(
      'tlsClientError',
      guarded(ignored, (_: Error, socket: Socket) => socket.destroy()),
    );
    return server.prependListener('connection', this.#admit);
  }

  /** Before anything is read of it, the agreement on keys included. */
  readonly #admit = guarded(ignored, (socket: Socket) => {
    const { remoteAddress: host = '' } = socket;
    const ofHost = [...this.#accepted].filter(({ remoteAddress }) => remoteAddress === host).length;
    const isAdmitted = this.#options.isAdmitted?.(host) ?? true;
    if (!isAdmitted || ofHost >= MAX_CONNECTIONS_PER_HOST) {
      socket.destroy();
      return;
    }
    this.#accepted.add(socket);
    socket.once(
      'close',
      guarded(ignored, () => this.#accepted.delete(socket)),
    );
  });

  #adoptAccepted(socket: Socket): void {
    if (socket.destroyed) return;
    const peer = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    this.#adopt(peer, { socket, ready: Promise.resolve(socket) });
    socket.setTimeout(IDLE_MS);
  }

  #connect(peer: SipPeer): Promise<Socket> {
    const { tls, onLost } = this.#options;
    const way = { port: peer.port, host: peer.host, timeout: CONNECT_MS };
    const { name = peer.host } = peer;
    const socket = tls ? connectSecurely(way, { name, trust: tls.trust, own: tls.own }) : connect(way);
    const once = (event: string, callback: (error: Error) => unknown) => socket.once(event, guarded(ignored, callback));
    const ready = new Promise<Socket>((resolve, reject) => {
      once('close', () => reject(new Error('no connection')));
      once(tls ? 'secureConnect' : 'connect', () => {
        if (socket.destroyed) return; // another certificate than expected
        this.#untrusted.delete(name.toLowerCase());
        socket.setTimeout(IDLE_MS);
        resolve(socket);
      });
    });
    this.#adopt(peer, { socket, ready });
    once('error', (error) => isTlsFault(error) && this.#distrust(name.toLowerCase()));
    once('close', () => onLost?.(peer, socket));
    return ready;
  }

  #distrust(name: string): void {
    this.#untrusted.add(name);
    const [oldest] = this.#untrusted;
    if (this.#untrusted.size > MAX_UNTRUSTED && oldest !== undefined) this.#untrusted.delete(oldest);
  }

  #adopt(peer: SipPeer, connection: Connection): void {
    const key = keyOf(peer);
    const { socket } = connection;
    this.#connections.set(key, connection);
    const messages = new StreamMessages();
    const end = () => socket.destroy();
    const listen = <A extends unknown[]>(event: string, callback: (...args: A) => unknown) =>
      socket.on(event, guarded(end, callback) as (...args: unknown[]) => void);
    let incomplete: NodeJS.Timeout | undefined = setTimeout(end, INCOMPLETE_MS); // nothing whole ever came
    listen('timeout', end);
    listen('error', end);
    listen('close', () => {
      clearTimeout(incomplete);
      if (this.#connections.get(key) === connection) this.#connections.delete(key);
    });
    listen('data', (bytes: Buffer) => {
      const whole = messages.push(bytes);
      if (whole === undefined) {
        end();
        return;
      }
      for (const message of whole) this.#options.onMessage(message, peer, socket);
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
