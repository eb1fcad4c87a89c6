import { lookup as lookUp } from 'node:dns';
import { BlockList, isIPv6, type LookupFunction, type TcpNetConnectOpts } from 'node:net';
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent';

/** A cloud's metadata service on an otherwise public address (Azure's wire server). */
const DENIED = ['168.63.129.16'];

/** IPv4 addresses in the form of IPv6 that RFC 4291 gave up (`::127.0.0.1`): the filter takes them for public ones. */
const OLD_FORM = new BlockList();
OLD_FORM.addSubnet('::', 96, 'ipv6');
/** Not such an address: the machine itself. */
const LOOPBACK = '::1';
/** An address that the filter lets through in no case. */
const REFUSED = '::';

type Connected = Parameters<RequestFilteringHttpAgent['createConnection']>[1];

/** Not kept alive: every connection resolves and checks its address anew, so a name cannot change its address after the check. */
const optionsOf = (ownAddresses: readonly string[]) => ({
  keepAlive: false,
  allowIPAddressList: [...ownAddresses],
  denyIPAddressList: DENIED,
});

/** Connects to public addresses only, and to those given. */
export class PublicHttpAgent extends RequestFilteringHttpAgent {
  constructor(ownAddresses: readonly string[] = []) {
    super(optionsOf(ownAddresses));
  }

  override createConnection(options: TcpNetConnectOpts, connected?: Connected) {
    return super.createConnection(withoutOldForm(options), connected);
  }
}

/** The same over TLS. */
export class PublicHttpsAgent extends RequestFilteringHttpsAgent {
  constructor(ownAddresses: readonly string[] = []) {
    super(optionsOf(ownAddresses));
  }

  override createConnection(options: TcpNetConnectOpts, connected?: Connected) {
    return super.createConnection(withoutOldForm(options), connected);
  }
}

// A range in the filter's list would not do: it is compared with IPv4 addresses too, and each time a warning is printed.
const withoutOldForm = (options: TcpNetConnectOpts): TcpNetConnectOpts => ({
  ...options,
  ...(options.host !== undefined && { host: filtered(options.host) }),
  lookup: filteredLookup(options.lookup ?? lookUp),
});

const filteredLookup =
  (lookup: LookupFunction): LookupFunction =>
  (host, options, done) =>
    lookup(host, options, (error, found, family) => {
      const passed = Array.isArray(found)
        ? found.map((one) => ({ ...one, address: filtered(one.address) }))
        : found && filtered(found);
      done(error, passed, family);
    });

const filtered = (address: string): string =>
  isIPv6(address) && address !== LOOPBACK && OLD_FORM.check(address, 'ipv6') ? REFUSED : address;
