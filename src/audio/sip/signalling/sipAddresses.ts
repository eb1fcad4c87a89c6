import { createSocket } from 'node:dgram';
import { lookup, resolveSrv } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { guarded } from '../../../core/guarded.js';
import { SIP_PORT, SIPS_PORT, type SipPeer, type SipProtocol } from './sipMessage.js';

const KEPT_MS = 60_000;
/** Hosts remembered at most. */
const CAPACITY = 500;
const MAX_PORT = 65_535;

/** Names to addresses, and which address of ours leads to each; remembered for a minute. */
export class SipAddresses {
  readonly #fixed: string | undefined;
  readonly #targets = new Map<string, { readonly found: Promise<SipPeer>; readonly untilMs: number }>();
  readonly #own = new Map<string, { readonly found: Promise<string>; readonly untilMs: number }>();

  /** @param fixed our address for all peers, if configured */
  constructor(fixed: string | undefined) {
    this.#fixed = fixed;
  }

  /**
   * RFC 3263 in short: a host without a port (0) is looked up as a service first. Rejects where there is no such host, or
   * the port is none: peers write what they like, and a socket throws at once.
   */
  resolve({ host, port }: SipPeer, protocol: SipProtocol): Promise<SipPeer> {
    if (!(Number.isInteger(port) && port >= 0 && port <= MAX_PORT) || host === '') {
      return Promise.reject(new RangeError('the address cannot be sent to'));
    }
    if (isIPv4(host)) return Promise.resolve({ host, port: port || portOf(protocol) });
    return remembered(this.#targets, `${protocol} ${host}:${port}`, () => look(host, port, protocol));
  }

  /** The address by which `address` reaches us. */
  ownFor(address: string): Promise<string> {
    if (this.#fixed) return Promise.resolve(this.#fixed);
    return remembered(this.#own, address, () => routeTo(address));
  }
}

const portOf = (protocol: SipProtocol): number => (protocol === 'TLS' ? SIPS_PORT : SIP_PORT);

async function look(name: string, port: number, protocol: SipProtocol): Promise<SipPeer> {
  if (port === 0) {
    const service = protocol === 'TLS' ? '_sips._tcp' : `_sip._${protocol.toLowerCase()}`;
    const services = await resolveSrv(`${service}.${name}`).catch(() => []); // most have none
    const [best] = services.sort((a, b) => a.priority - b.priority || b.weight - a.weight);
    if (best) return { host: (await lookup(best.name, { family: 4 })).address, port: best.port, name };
  }
  return { host: (await lookup(name, { family: 4 })).address, port: port || portOf(protocol), name };
}

/** Connecting a UDP socket sends nothing, but looks up the routing table. */
function routeTo(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const fail = (thrown: unknown) => {
      reject(thrown);
      socket.close();
    };
    socket.on('error', guarded(reject, fail));
    // Node.js hands the callback the error where there is no route.
    const connected = (error?: Error) => {
      if (error) return fail(error);
      resolve(socket.address().address);
      socket.close();
    };
    socket.connect(SIP_PORT, address, guarded(fail, connected));
  });
}

function remembered<T>(
  map: Map<string, { readonly found: Promise<T>; readonly untilMs: number }>,
  key: string,
  find: () => Promise<T>,
): Promise<T> {
  const known = map.get(key);
  if (known && known.untilMs > Date.now()) return known.found;
  const found = find();
  map.delete(key);
  map.set(key, { found, untilMs: Date.now() + KEPT_MS });
  found.catch(() => map.delete(key)); // looked up again next time
  for (const old of map.keys()) {
    if (map.size <= CAPACITY) break;
    map.delete(old);
  }
  return found;
}
