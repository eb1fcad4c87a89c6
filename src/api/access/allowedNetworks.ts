import proxyAddr from 'proxy-addr';
import { VoicePrintsError } from '../../core/errors.js';

/** This machine, and the private networks of a home: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7, link-local. */
export const HOME_NETWORKS = 'loopback,linklocal,uniquelocal';

/** Where clients of a service without keys may come from. */
export class AllowedNetworks {
  readonly #isAllowed: ReturnType<typeof proxyAddr.compile>;

  /** Addresses and networks separated by commas; `loopback`, `linklocal` and `uniquelocal` as in TrustedProxies. Throws CONFIG_INVALID. */
  constructor(list: string) {
    const named = list.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
    try {
      this.#isAllowed = proxyAddr.compile(named);
    } catch (cause) {
      const message =
        'the allowed networks must be addresses or networks, such as 192.168.1.20 or 192.168.1.0/24, or loopback; correct them';
      throw new VoicePrintsError('CONFIG_INVALID', message, { cause });
    }
  }

  /** False for what is no address, too. */
  has(address: string): boolean {
    try {
      return this.#isAllowed(address.split('%')[0]!, 0);
    } catch {
      return false;
    }
  }
}
