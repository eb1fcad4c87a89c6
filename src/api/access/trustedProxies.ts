import type { IncomingMessage } from 'node:http';
import proxyAddr from 'proxy-addr';
import { VoicePrintsError } from '../../core/errors.js';

/**
 * Proxies trusted to name the client's address. The header X-Forwarded-For counts only where the connection itself comes
 * from a trusted proxy; any other client could forge it.
 */
export class TrustedProxies {
  readonly #isTrusted: ReturnType<typeof proxyAddr.compile>;

  /**
   * Addresses and networks separated by commas, such as `10.0.0.7,192.168.1.0/24`; `loopback`, `linklocal` and `uniquelocal`
   * stand for those networks, as in Express; none by default. Throws CONFIG_INVALID.
   */
  constructor(list = '') {
    const named = list.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
    try {
      this.#isTrusted = proxyAddr.compile(named);
    } catch (cause) {
      const message =
        'the trusted proxies must be addresses or networks, such as 10.0.0.7 or 192.168.1.0/24, or loopback; correct them';
      throw new VoicePrintsError('CONFIG_INVALID', message, { cause });
    }
  }

  /** The client's address: the last one in the chain that is not a trusted proxy's. */
  addressOf(peer: string, forwardedFor: string | readonly string[] | undefined): string {
    const headers = { 'x-forwarded-for': forwardedFor === undefined ? undefined : String(forwardedFor) };
    return proxyAddr({ headers, socket: { remoteAddress: peer } } as unknown as IncomingMessage, this.#isTrusted);
  }
}

/** The client's address of a request; see TrustedProxies. */
export const callerAddress = ({ socket, headers }: IncomingMessage, proxies: TrustedProxies | undefined): string => {
  const peer = socket.remoteAddress ?? '';
  return proxies && peer !== '' ? proxies.addressOf(peer, headers['x-forwarded-for']) : peer;
};
