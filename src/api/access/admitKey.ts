import { httpRefusal, type RefusedError } from '../refusals/refusal.js';
import type { ApiKeys } from './apiKeys.js';
import { type Caller, mayDo, type Scope } from './caller.js';
import type { KeyThrottle } from './keyThrottle.js';
import type { TenantGate } from './tenantGate.js';
import type { TrustedProxies } from './trustedProxies.js';

/** What tells keys apart, slows down those who guess, and holds tenants to their limits. */
export interface KeyCheck {
  readonly keys: ApiKeys;
  readonly throttle: KeyThrottle;
  /** Proxies whose word is taken for where a call comes from; without them that is where its connection comes from. */
  readonly proxies?: TrustedProxies | undefined;
  /** Without one nobody is limited. */
  readonly gate?: TenantGate | undefined;
}

/** What a call takes: a key that may do it, and, where audio is to be worked on, minutes that are left for that. */
export interface CallNeeds {
  readonly scope: Scope;
  /** `now`: the caller waits for it; `later`: a job. */
  readonly audio?: 'now' | 'later' | undefined;
}

/**
 * Who sent this key from this address, counted as one call. Throws KEY_INVALID, KEY_SCOPE where the key is for something
 * else, QUOTA_USED_UP, or TOO_MANY_REQUESTS after too many wrong keys from the address or calls of the tenant.
 */
export function admitCaller(check: KeyCheck, key: string, address: string, { scope, audio }: CallNeeds): Caller {
  const { keys, throttle, gate } = check;
  const caller = key === '' ? undefined : keys.callerOf(key);
  if (caller === undefined) throw key === '' ? keyInvalid() : wrongKey(throttle, address);
  if (!mayDo(caller, scope)) {
    throw httpRefusal('KEY_SCOPE', `this API key may not do this; use one with the scope ${scope}`);
  }
  gate?.enter(caller.tenantId);
  if (audio !== undefined) gate?.assertAudioLeft(caller.tenantId);
  return caller;
}

/** Only wrong keys are slowed down: behind one address there may be many callers, most of them with right ones. */
function wrongKey(throttle: KeyThrottle, address: string): RefusedError {
  const waitSeconds = throttle.waitSeconds(address);
  if (waitSeconds === 0) {
    throttle.failed(address);
    return keyInvalid();
  }
  const message = 'too many wrong API keys from this address; wait as long as Retry-After says';
  return httpRefusal('TOO_MANY_REQUESTS', message, { 'retry-after': String(waitSeconds) });
}

const keyInvalid = () => httpRefusal('KEY_INVALID', 'Invalid ApiKey', { 'www-authenticate': 'Bearer' });

/** Throws KEY_INVALID where the key was revoked, or its grace has ended, since it was admitted: for what stays open. */
export function assertStillHeld({ keys }: Pick<KeyCheck, 'keys'>, { keyId }: Caller): void {
  if (!keys.isHeld(keyId)) throw keyInvalid();
}

/** Who wants to have voices named as they speak; see admitCaller. */
export const admitStream = (check: KeyCheck, key: string, address: string): Caller =>
  admitCaller(check, key, address, { scope: 'identify', audio: 'now' });
