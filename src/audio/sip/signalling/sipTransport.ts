import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { EmitterImpl, type Transport, TransportState } from 'sip.js';
import { guarded } from '../../../core/guarded.js';
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
}

/** SIP over UDP and TCP on one port (RFC 3261, 18), for sip.js. */
export class SipTransport implements Transport {
  readonly protocol = 'UDP'; // what sip.js writes into Via; corrected where a message goes by TCP
  readonly addresses: SipAddresses;
  readonly retransmissions = new Retransmissions();
  onConnect: (() => void) | undefined;
  onDisconnect: ((error?: Error) => void) | undefined;
  onMessage: ((message: string) => void) | undefined;
  /** User part of our Contact, by which sip.js recognizes requests to us. */
  contactUser = '';
  #malformed = 0;
  readonly #options: SipTransportOptions;
  readonly #shares = new TimeShares();
  readonly #emitter = new EmitterImpl<TransportState>();
  readonly #streams: SipStreams;
  #state = TransportState.Disconnected;
  #socket: Socket | undefined;
  #port = 0;
  /** Of datagrams and connections alike: messages on which our parser or sip.js fails are counted and dropped. */
  readonly #received = guarded(
    () => {
      this.#malformed += 1;
    },
    (bytes: Buffer, from: SipPeer) => this.#receive(bytes, from),
  );

  constructor(_logger: unknown, options: SipTransportOptions) {
    this.#options = options;
    const { listenAddress, publicAddress } = options;
    this.addresses = new SipAddresses(publicAddress ?? (listenAddress === '0.0.0.0' ? undefined : listenAddress));
    this.#streams = new SipStreams(this.#received);
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
    if (this.#socket) return;
    this.#enter(TransportState.Connecting);
    // A free UDP port may be in use for TCP: another is tried, if the port is not fixed.
    for (let attempt = 1; !this.#socket; attempt += 1) {
      try {
        await this.#listen();
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
    if (!this.#socket) return;
    this.#enter(TransportState.Disconnecting);
    await this.#close();
    this.#enter(TransportState.Disconnected);
    this.onDisconnect?.();
  }

  dispose(): Promise<void> {
    return this.disconnect();
  }

  /** Two line ends, which a router takes for traffic: its way in stays open (RFC 5626, 3.5.1). */
  async keepAlive(peer: SipPeer): Promise<void> {
    const { host, port } = await this.addresses.resolve(peer, 'UDP');
    this.#socket?.send('\r\n\r\n', port, host, ignored); // unreachable: the next registration reports it
  }

  async send(message: string): Promise<void> {
    const isAnswer = isResponse(message);
    const protocol = isAnswer ? (viaProtocolOf(message) === 'TCP' ? 'TCP' : 'UDP') : protocolOf(message);
    const target = isAnswer ? responseTarget(message) : requestTarget(message);
    if (!target) throw new Error('a message without an address');
    const peer = await this.addresses.resolve(target, protocol);
    const own = { host: await this.addresses.ownFor(peer.host), port: this.#port };
    const text = withOwnAddress(message, OWN_HOST, own, protocol);
    if (protocol === 'TCP') return this.#streams.send(text, peer);
    // Called again by timers; lost messages are sent again.
    const send = guarded(ignored, () => this.#socket?.send(text, peer.port, peer.host, ignored));
    this.retransmissions.sent(text, send);
    send();
  }

  async #listen(): Promise<void> {
    const socket = await boundSocket(this.#options, this.#received);
    this.#socket = socket;
    this.#port = socket.address().port;
    await this.#streams.listen(this.#options.listenAddress, this.#port);
  }

  #receive(bytes: Buffer, from: SipPeer): void {
    if (bytes.length <= KEEP_ALIVE_BYTES || !this.isConnected()) return;
    if (this.#shares.isSpent(from.host)) this.#malformed += 1;
    else this.#shares.run(from.host, () => this.#read(bytes.toString('utf8'), from));
  }

  #read(text: string, from: SipPeer): void {
    if (!isSized(text) || !(isResponse(text) ? statusOf(text) >= 100 : methodOf(text))) this.#malformed += 1;
    else this.#pass(text, from);
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
