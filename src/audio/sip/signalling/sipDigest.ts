import {
  DigestAuthentication,
  type IncomingResponseMessage,
  type LoggerFactory,
  type OutgoingRequestMessage,
} from 'sip.js/lib/core/index.js';
import { present } from '../../../core/present.js';
import { digestAnswer, isKnownAlgorithm } from '../../live/httpAuthorization.js';

/** A challenge as sip.js read it. */
interface ReadChallenge {
  readonly realm?: string;
  readonly nonce?: string;
  readonly opaque?: string;
  readonly algorithm?: string;
  readonly qop?: readonly string[];
}

/** Digest authentication with the algorithms of RFC 8760; that of sip.js has MD5 only. */
export class SipDigest extends DigestAuthentication {
  readonly #user: string;
  readonly #password: string;
  #count = 0;
  #nonce: string | undefined;
  #header = '';

  constructor(loggerFactory: LoggerFactory, user: string, password: string) {
    super(loggerFactory, undefined, undefined, undefined);
    this.#user = user;
    this.#password = password;
  }

  override authenticate(request: OutgoingRequestMessage, challenge: ReadChallenge): boolean {
    const { realm, nonce, opaque, algorithm, qop } = challenge;
    const isAnswerable = isKnownAlgorithm(algorithm) && (!qop || qop.includes('auth'));
    if (!realm || !nonce || !isAnswerable) return false;
    this.#count = nonce === this.#nonce ? this.#count + 1 : 1;
    this.#nonce = nonce;
    const fields = present({ realm, nonce, opaque, algorithm, ...(qop && { qop: 'auth' }) }) as Record<string, string>;
    const { method, ruri } = request;
    const asked = { method, uri: `${ruri}`, count: this.#count };
    this.#header = digestAnswer(fields, { user: this.#user, password: this.#password }, asked);
    return true;
  }

  override toString(): string {
    return this.#header;
  }
}

/** Leaves the challenge that is to be answered: the first of those we can, in the order of the server (RFC 8760, 2.4). */
export function keepBestChallenge(response: IncomingResponseMessage): void {
  if (response.statusCode !== 401 && response.statusCode !== 407) return;
  const name = response.statusCode === 401 ? 'www-authenticate' : 'proxy-authenticate';
  const challenges = response.getHeaders(name);
  const best = challenges.find(
    (challenge) =>
      /^\s*digest\b/i.test(challenge) && isKnownAlgorithm(/[\s,]algorithm\s*=\s*"?([\w-]+)/i.exec(challenge)?.[1]),
  );
  if (challenges.length > 1 && best !== undefined) response.setHeader(name, best);
}
