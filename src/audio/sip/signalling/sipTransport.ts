import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Socket as StreamSocket } from 'node:net';
import { EmitterImpl, type Transport, TransportState } from 'sip.js';
import { guarded } from '../../../core/guarded.js';
import type { SipTls } from '../sipTypes.js';
import { CallConnections } from './callConnections.js';
import { Retransmissions } from './retransmissions.js';
import { SipAddresses } from './sipAddresses.js';
import {
  addressedTo,
  isResponse,
  isSized,
  methodOf,
  protocolOf,
  requestTarget,
  responseTarget,
  type SipPeer,
  type SipProtocol,
  statusOf,
  viaProtocolOf,
  withOwnAddress,
  withPlaceholder,
  withReceived,
} from './sipMessage.js';
import { SipStreams } from './sipStreams.js';
import { TimeShares } from './timeShares.js';

/** The name that sip.js knows this machine by; on the wire stands the address that the other side reaches us at. */
export const OWN_HOST = 'voice-prints.invalid';
const PORT_ATTEMPTS = 5;
/** Line ends that keep a router's way open (RFC 5626, 3.5.1). */
const KEEP_ALIVE_BYTES = 4;

export interface SipTransportOptions {
  readonly listenAddress: string;
  readonly listenPort: number;
  readonly publicAddress: string | undefined;
  /** What requests go by where their address does not say. */
  readonly transport: 'udp' | 'tcp';
  /** Everything goes over TLS. */
  readonly tls: SipTls | undefined;
}

/** What a connection that comes in may cost at once: the agreement on keys takes milliseconds. */
const TLS_CONNECTION_MS = 5;

/** SIP over UDP and TCP on one port, or over TLS (RFC 3261, 18), for sip.js. */
export class SipTransport implements Transport {
  readonly protocol = 'UDP'; // what sip.js writes into Via; corrected where a message goes by TCP
  readonly addresses: SipAddresses;
  readonly retransmissions = new Retransmissions();
  onConnect: (() => void) | undefined;
  onDisconnect: ((error?: Error) => void) | undefined;
  onMessage: ((message: string) => void) | undefined;
  /** A connection made from here is over; with the Call-IDs of the last requests that went by it. */
  onLost: ((peer: SipPeer, callIds: readonly string[]) => void) | undefined;
  /** User part of our Contact, by which sip.js recognizes requests to us. */
  contactUser = '';
  #malformed = 0;
  readonly #options: SipTransportOptions;
  readonly #shares = new TimeShares();
  readonly #emitter = new EmitterImpl<TransportState>();
  readonly #streams: SipStreams;
  readonly #callConnections = new CallConnections();
  #state = TransportState.Disconnected;
  #socket: Socket | undefined;
  #port = 0;
  /** Of datagrams and connections alike: messages on which our parser or sip.js fails are counted and dropped. */
  readonly #received = guarded(
    () => {
      this.#malformed += 1;
    },
    (bytes: Buffer, from: SipPeer, socket?: StreamSocket) => this.#receive(bytes, from, socket),
  );

  constructor(_logger: unknown, options: SipTransportOptions) {
    this.#options = options;
    const { listenAddress, publicAddress } = options;
    this.addresses = new SipAddresses(publicAddress ?? (listenAddress === '0.0.0.0' ? undefined : listenAddress));
    const { tls } = options;
    this.#streams = new SipStreams({
      tls,
      onMessage: this.#received,
      onLost: (peer, socket) => this.onLost?.(peer, this.#callConnections.lost(socket)),
      ...(tls && { isAdmitted: (host) => this.#shares.charge(host, TLS_CONNECTION_MS) }),
    });
  }

  get state(): TransportState {
    return this.#state;
  }

  get stateChange(): EmitterImpl<TransportState> {
    return this.#emitter;
  }

  /** The port it listens at, once connected. */
  get port(): number {
    return this.#port;
  }

  /** Messages that were no SIP, that nothing could be made of, or that were too many for one address. */
  get malformed(): number {
    return this.#malformed;
  }

  isConnected(): boolean {
    return this.#state === TransportState.Connected;
  }

  /** Rejects with the socket's error where the port is taken. */
  async connect(): Promise<void> {
    if (this.isConnected()) return;
    this.#enter(TransportState.Connecting);
    // A free UDP port may be in use for TCP: another is tried, if the port is not fixed.
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#listen();
        break;
      } catch (error) {
        await this.#close();
        if (this.#options.listenPort === 0 && attempt < PORT_ATTEMPTS) continue;
        this.#enter(TransportState.Disconnected);
        throw error;
      }
    }
    this.#enter(TransportState.Connected);
    this.onConnect?.();
  }

  async disconnect(): Promise<void> {
    if (!this.isConnected()) return;
    this.#enter(TransportState.Disconnecting);
    await this.#close();
    this.#enter(TransportState.Disconnected);
    this.onDisconnect?.();
  }

  dispose(): Promise<void> {
    return this.disconnect();
  }

  /** Whether the last connection to this host failed over TLS. */
  isUntrusted(host: string): boolean {
    return this.#streams.isUntrusted(host);
  }

  /** Two line ends, which a router takes for traffic: its way in stays open (RFC 5626, 3.5.1). */
  async keepAlive(uri: string): Promise<void> {
    const message = `OPTIONS ${uri} SIP/2.0`;
    const target = requestTarget(message);
    if (!target) return;
    const protocol = this.#protocolOf(message);
    const peer = await this.addresses.resolve(target, protocol);
    if (protocol === 'UDP')
      this.#socket?.send('\r\n\r\n', peer.port, peer.host, ignored); // unreachable: the next registration reports it
    else this.#streams.keepAlive(peer);
  }

  async send(message: string): Promise<void> {
    const protocol = this.#protocolOf(message);
    const target = isResponse(message) ? responseTarget(message) : requestTarget(message);
    if (!target) throw new Error('a message without an address');
    const known = protocol === 'UDP' ? undefined : this.#callConnections.of(message);
    const peer = known ? undefined : await this.addresses.resolve(target, protocol);
    if (protocol !== 'UDP')
      return this.#sendByStream(message, protocol, known ?? (await this.#streams.connectionTo(peer!)));
    const { host, port } = peer!;
    const own = { host: await this.addresses.ownFor(host), port: this.#port };
    const text = withOwnAddress(message, OWN_HOST, own, protocol);
    // Called again by timers; lost messages are sent again.
    const send = guarded(ignored, () => this.#socket?.send(text, port, host, ignored));
    this.retransmissions.sent(text, send);
    send();
  }

  async #sendByStream(message: string, protocol: SipProtocol, socket: StreamSocket): Promise<void> {
    const host = await this.addresses.ownFor(socket.remoteAddress ?? '');
    // Who takes no connections is called over the one that is there.
    const own = { host, port: this.#port || (socket.localPort ?? 0) };
    this.#callConnections.note(message, socket);
    if (!isResponse(message)) this.#callConnections.asked(message, socket);
    await this.#streams.write(socket, withOwnAddress(message, OWN_HOST, own, protocol));
  }

  /** Nothing that is to be secret goes another way: such a message is not sent at all. */
  #protocolOf(message: string): SipProtocol {
    if (this.#options.tls) return 'TLS';
    const asked = isResponse(message) ? (viaProtocolOf(message) as SipProtocol) : protocolOf(message);
    if (asked === 'TLS') throw new Error('the address is for TLS, which this endpoint does not speak');
    return asked ?? (this.#options.transport === 'tcp' ? 'TCP' : 'UDP');
  }

  async #listen(): Promise<void> {
    const { tls, listenAddress, listenPort } = this.#options;
    if (tls) {
      if (tls.own) this.#port = await this.#streams.listen(listenAddress, listenPort);
      return;
    }
    const socket = await boundSocket(this.#options, this.#received);
    this.#socket = socket;
    this.#port = socket.address().port;
    await this.#streams.listen(listenAddress, this.#port);
  }

  #receive(bytes: Buffer, from: SipPeer, socket: StreamSocket | undefined): void {
    if (bytes.length <= KEEP_ALIVE_BYTES || !this.isConnected()) return;
    if (this.#shares.isSpent(from.host)) this.#malformed += 1;
    else this.#shares.run(from.host, () => this.#read(bytes.toString('utf8'), from, socket));
  }

  #read(text: string, from: SipPeer, socket: StreamSocket | undefined): void {
    if (!isSized(text) || !(isResponse(text) ? statusOf(text) >= 100 : methodOf(text))) {
      this.#malformed += 1;
      return;
    }
    if (socket) this.#callConnections.note(text, socket);
    this.#pass(text, from);
  }

  #pass(text: string, from: SipPeer): void {
    if (this.retransmissions.isRepetition(text)) return;
    const known = isResponse(text)
      ? withPlaceholder(text, OWN_HOST)
      : addressedTo(withReceived(text, from), `sip:${this.contactUser}@${OWN_HOST}`);
    this.onMessage?.(known);
  }

  #enter(state: TransportState): void {
    this.#state = state;
    this.#emitter.emit(state);
  }

  async #close(): Promise<void> {
    this.retransmissions.clear();
    this.#port = 0;
    const socket = this.#socket;
    this.#socket = undefined;
    await Promise.all([this.#streams.close(), socket && new Promise<void>((resolve) => socket.close(() => resolve()))]);
  }
}

function boundSocket(
  { listenAddress, listenPort }: SipTransportOptions,
  onMessage: (bytes: Buffer, from: SipPeer) => void,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const fail = (error: unknown) => {
      reject(error);
      socket.close();
    };
    let onError = fail;
    socket.on(
      'error',
      guarded(ignored, (error: Error) => onError(error)),
    );
    const receive = (bytes: Buffer, { address, port }: RemoteInfo) => onMessage(bytes, { host: address, port });
    socket.on('message', guarded(ignored, receive));
    const bound = () => {
      onError = ignored; // ICMP error for one peer; the others continue
      resolve(socket);
    };
    socket.bind(listenPort, listenAddress, guarded(fail, bound));
  });
}

const ignored = (): void => undefined;
