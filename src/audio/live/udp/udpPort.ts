import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { guarded } from '../../../core/guarded.js';
import { lost, portUnavailable } from '../liveErrors.js';

/** Datagrams that wait in the kernel while this process is busy: seconds of several satellites. */
const RECEIVE_BYTES = 1_024 * 1_024;

/** Who takes the datagrams of a port. */
export interface UdpListener {
  /** Only those of this address; undefined: those of every address that no other listener of the port names. */
  readonly from: string | undefined;
  readonly onDatagram: (bytes: Uint8Array, sender: string) => void;
  /** The socket failed: nothing follows. */
  readonly onLost: (error: unknown) => void;
}

/** The sockets of this process: sources that name different senders share one port. */
const ports = new Map<string, UdpPort>();

/** A UDP port of this machine, shared by whoever listens at it. */
export class UdpPort {
  readonly #key: string;
  readonly #socket: Socket;
  readonly #bound: Promise<void>;
  readonly #listeners = new Set<UdpListener>();

  private constructor(key: string, address: string, port: number) {
    this.#key = key;
    this.#socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BYTES });
    let hasBound = false;
    this.#bound = new Promise<void>((resolve, reject) => {
      const fail = (cause: unknown) => {
        reject(portUnavailable(port));
        if (hasBound) this.#lost(lost('the UDP socket failed', cause));
      };
      this.#socket.on('error', guarded(fail, fail));
      this.#socket.on(
        'message',
        guarded(
          () => undefined, // a datagram that breaks its listener is lost, like others
          (bytes: Buffer, { address: sender }: { address: string }) => this.#deliver(bytes, plain(sender)),
        ),
      );
      const onBound = () => {
        hasBound = true;
        resolve();
      };
      this.#socket.bind({ address, port }, guarded(fail, onBound));
    });
  }

  /**
   * Listens until the returned function is called. Throws LIVE_PORT_UNAVAILABLE where the port cannot be opened, or another
   * listener takes the datagrams of the same senders.
   */
  static async listen(address: string, port: number, listener: UdpListener): Promise<() => void> {
    const key = `${address} ${port}`;
    const shared = port === 0 ? undefined : ports.get(key);
    const own = shared ?? new UdpPort(key, address, port);
    if ([...own.#listeners].some(({ from }) => from === listener.from)) throw portUnavailable(port);
    if (port !== 0) ports.set(key, own);
    own.#listeners.add(listener);
    const leave = () => own.#leave(listener);
    try {
      await own.#bound;
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  #deliver(bytes: Uint8Array, sender: string): void {
    const listeners = [...this.#listeners];
    const taker = listeners.find(({ from }) => from === sender) ?? listeners.find(({ from }) => from === undefined);
    taker?.onDatagram(bytes, sender);
  }

  #lost(error: unknown): void {
    for (const { onLost } of this.#listeners) onLost(error);
  }

  #leave(listener: UdpListener): void {
    if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
    if (ports.get(this.#key) === this) ports.delete(this.#key);
    this.#socket.close();
  }
}

/** An IPv4 address that came in over a socket for both families, as it is usually written. */
const plain = (address: string): string => address.replace(/^::ffff:/i, '');
