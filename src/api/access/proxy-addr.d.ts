/** The part of the package that is used. */
declare module 'proxy-addr' {
  import type { IncomingMessage } from 'node:http';

  type Trust = (address: string, hops: number) => boolean;

  interface ProxyAddr {
    /** The nearest address in the chain of the connection and of X-Forwarded-For that is not trusted. */
    (request: IncomingMessage, trust: Trust): string;
    /** Throws TypeError for anything but an address, a network or the name of one. */
    compile(trusted: readonly string[]): Trust;
  }

  const proxyAddr: ProxyAddr;
  export default proxyAddr;
}
