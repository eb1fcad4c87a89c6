import { httpRefusal } from '../refusals/refusal.js';
import type { ApiKeys } from './apiKeys.js';
import { type Caller, mayDo, type Scope } from './caller.js';
import type { KeyThrottle } from './keyThrottle.js';
import type { TenantGate } from './tenantGate.js';

/** What tells keys apart, slows down those who guess, and holds tenants to their limits. */
export interface KeyCheck {
  readonly keys: ApiKeys;
  readonly throttle: KeyThrottle;
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
  const waitSeconds = throttle.waitSeconds(address);
  if (waitSeconds > 0) {
    const message = 'too many wrong API keys from this address; wait as long as Retry-After says';
    throw httpRefusal('TOO_MANY_REQUESTS', message, { 'retry-after': String(waitSeconds) });
  }
  const caller = key === '' ? undefined : keys.callerOf(key);
  if (caller === undefined) {
    if (key !== '') throttle.failed(address);
    throw httpRefusal('KEY_INVALID', 'Invalid ApiKey', { 'www-authenticate': 'Bearer' });
  }
  if (!mayDo(caller, scope)) {
    throw httpRefusal('KEY_SCOPE', `this API key may not do this; use one with the scope ${scope}`);
  }
  gate?.enter(caller.tenantId);
  if (audio !== undefined) gate?.assertAudioLeft(caller.tenantId);
  return caller;
}

/** Who wants to have voices named as they speak; see admitCaller. */
export const admitStream = (check: KeyCheck, key: string, address: string): Caller =>
  admitCaller(check, key, address, { scope: 'identify', audio: 'now' });
