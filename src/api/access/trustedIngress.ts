import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { VoicePrintsError } from '../../core/errors.js';
import { LOCAL_TENANT } from '../../engine/requests/callOptions.js';
import { type Caller, SCOPES, type Scope } from './caller.js';

/** Key id of every call that came through the gateway: its users have no key. */
const INGRESS_KEY_ID = 'ingress';

/** Home Assistant's ids are 32 hexadecimal digits; a header that came twice has a comma in it. */
const USER_ID = /^[\w-]{1,64}$/;

/** Whoever has authenticated users before their requests come here: a gateway, or Node-RED's editor. */
export interface SignedInUsers {
  /** The user of a request; undefined where none is signed in. */
  callerOf(request: IncomingMessage): Caller | undefined;
}

export interface TrustedIngressOptions {
  /** The one address from which the gateway connects, such as 172.30.32.2. */
  readonly address: string;
  /** What its users may do; `enrol,identify` by default. */
  readonly scopes?: string | undefined;
}

/**
 * A gateway that has authenticated its users before it passes their requests on, such as the ingress of Home Assistant. It names
 * them in `X-Remote-User-Id`. The header counts only where the connection itself comes from the gateway's address: any other client
 * could forge it, and X-Forwarded-For is never considered.
 */
export class TrustedIngress implements SignedInUsers {
  readonly #gateway = new BlockList();
  readonly #scopes: readonly Scope[];

  /** Throws CONFIG_INVALID for what is not one address, and for unknown scopes. */
  constructor({ address, scopes = 'enrol,identify' }: TrustedIngressOptions) {
    const family = familyOf(address);
    if (family === undefined) {
      const message = 'the trusted ingress must be one IP address, such as 172.30.32.2; correct it';
      throw new VoicePrintsError('CONFIG_INVALID', message);
    }
    this.#gateway.addAddress(address, family);
    this.#scopes = scopesOf(scopes);
  }

  /** The user whom the gateway names; undefined for requests from elsewhere, and where it names none. */
  callerOf({ socket, headers }: IncomingMessage): Caller | undefined {
    const peer = (socket.remoteAddress ?? '').replace(/^::ffff:(?=[\d.]+$)/i, '');
    const family = familyOf(peer);
    const user = headers['x-remote-user-id'];
    if (family === undefined || !this.#gateway.check(peer, family)) return undefined;
    if (typeof user !== 'string' || !USER_ID.test(user)) return undefined;
    return { tenantId: LOCAL_TENANT, keyId: INGRESS_KEY_ID, user, ownerId: `user:${user}`, scopes: this.#scopes };
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  return version === 0 ? undefined : `ipv${version as 4 | 6}`;
}

function scopesOf(text: string): readonly Scope[] {
  const words = text.split(',').map((word) => word.trim());
  const scopes = SCOPES.filter((scope) => words.includes(scope));
  if (scopes.length === 0 || scopes.length !== new Set(words).size) {
    const message = `the scopes of the trusted ingress must be of ${SCOPES.join(', ')}, separated by commas; correct them`;
    throw new VoicePrintsError('CONFIG_INVALID', message);
  }
  return scopes;
}
