import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net';
import type { ServerTrust } from '../core/serverTrust.js';
import { connectSecurely } from '../tls/secureConnection.js';
import { asUrlError, isAllowed, parseUrl, timeout } from './guardedRequest.js';
import { icyAsHttp } from './icyResponse.js';
import { PublicHttpAgent, PublicHttpsAgent } from './publicAgents.js';

const HTTPS_PORT = 443;
const ANSWER_TIMEOUT_MS = 15_000;

/**
 * Restricts where one live source may connect to. The configured address may be anywhere, including a private network.
 * Addresses that it leads to (redirects, playlist entries, segments, keys) are chosen by the remote server: they must be
 * public, on the same machine, or on a host that was allowed by name. One instance per connection.
 */
export class MediaReach {
  readonly #ownHost: string;
  readonly #allowHosts: readonly string[];
  readonly #trust: ServerTrust | undefined;
  /** IP address that the configured host resolved to: pinned, so that its name cannot resolve to another one later. */
  #ownAddress: string | undefined;

  /**
   * @param url as configured
   * @param allowHosts `name` or `name:port`, of private networks
   * @param trust of the certificate of the configured host
   */
  constructor(url: URL, allowHosts: readonly string[], trust?: ServerTrust) {
    this.#trust = trust;
    this.#ownHost = url.hostname.toLowerCase();
    this.#allowHosts = allowHosts;
  }

  /**
   * The head of the answer to one GET; redirects are not followed. Answers of SHOUTcast are understood.
   * Throws URL_INVALID, URL_FORBIDDEN, URL_UNREACHABLE, URL_TIMEOUT, ABORTED.
   */
  async get(
    address: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<http.IncomingMessage> {
    const url = parseUrl(address);
    const options = {
      agent: this.#agentFor(url),
      headers: { 'accept-encoding': 'identity', 'user-agent': 'voice-prints', accept: '*/*', ...headers },
      signal,
      insecureHTTPParser: true, // old stations use other line ends; one answer per connection leaves nothing to smuggle
      ...this.#lookup(url.hostname),
    };
    try {
      const request = (url.protocol === 'https:' ? https : http).get(url, options);
      const timer = setTimeout(() => request.destroy(timeout()), ANSWER_TIMEOUT_MS);
      const [response] = (await once(request, 'response').finally(() => clearTimeout(timer))) as [http.IncomingMessage];
      request.on('error', () => undefined); // later errors are reported by the response
      this.#connected(url.hostname, response.socket);
      return response;
    } catch (error) {
      throw asUrlError(error, signal);
    }
  }

  /** Begins a TCP connection; a forbidden address is reported as an error of the socket. */
  connect(hostname: string, port: number): Socket {
    const host = hostname.toLowerCase();
    if (host === this.#ownHost || isAllowed(new URL(`http://${host}:${port}`), this.#allowHosts)) {
      const socket = connectTcp({ host: bare(host), port, ...this.#lookup(host) });
      socket.once('connect', () => this.#connected(host, socket));
      return socket;
    }
    const agent = new PublicHttpAgent(this.#ownAddresses);
    return agent.createConnection({ host: bare(host), port }, undefined) as Socket;
  }

  #connected(host: string, { remoteAddress }: Socket): void {
    if (host === this.#ownHost) this.#ownAddress ??= remoteAddress;
  }

  #agentFor(url: URL): http.Agent {
    const isTls = url.protocol === 'https:';
    const isFree = url.hostname === this.#ownHost || isAllowed(url, this.#allowHosts);
    const agent = isFree
      ? new (isTls ? https : http).Agent()
      : new (isTls ? PublicHttpsAgent : PublicHttpAgent)(this.#ownAddresses);
    const isTrusted = isTls && url.hostname === this.#ownHost && this.#trust !== undefined;
    const create = isTrusted
      ? () => this.#connectSecurely(url)
      : (agent.createConnection.bind(agent) as (...given: unknown[]) => Socket | undefined);
    const createTolerant = (...given: unknown[]) => {
      const socket = create(...given);
      if (socket) icyAsHttp(socket);
      return socket;
    };
    return Object.assign(agent, { createConnection: createTolerant });
  }

  #connectSecurely({ hostname, port }: URL): Socket {
    const host = bare(hostname);
    const way = { host, port: Number(port) || HTTPS_PORT, ...this.#lookup(hostname) };
    return connectSecurely(way, { name: host, trust: this.#trust });
  }

  get #ownAddresses(): readonly string[] {
    return this.#ownAddress === undefined ? [] : [this.#ownAddress];
  }

  #lookup(host: string): { readonly lookup?: LookupFunction } {
    const address = host === this.#ownHost ? this.#ownAddress : undefined;
    if (address === undefined) return {};
    const family = address.includes(':') ? 6 : 4;
    return {
      lookup: (_, { all }, done) => (all ? done(null, [{ address, family }]) : done(null, address, family)),
    };
  }
}

const bare = (host: string): string => host.replace(/^\[|\]$/g, '');
