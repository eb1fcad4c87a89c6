import { httpRefusal, type RefusedError } from '../refusals/refusal.js';
import type { ApiKeys } from './apiKeys.js';
import { type Caller, mayDo, type Scope } from './caller.js';
import type { KeyThrottle } from './keyThrottle.js';
import type { TenantGate } from './tenantGate.js';
import type { TrustedProxies } from './trustedProxies.js';

/** Recognises keys, throttles guessing, and enforces the limits of tenants. */
export interface KeyCheck {
  readonly keys: ApiKeys;
  readonly throttle: KeyThrottle;
  /** Proxies trusted to name the client's address; without them it is the address of the connection. */
  readonly proxies?: TrustedProxies | undefined;
  /** No limits without it. */
  readonly gate?: TenantGate | undefined;
}

/** Requirements of a call: a key with its scope and, where audio is processed, remaining minutes. */
export interface CallNeeds {
  readonly scope: Scope;
  /** `now`: the caller waits for it; `later`: a job. */
  readonly audio?: 'now' | 'later' | undefined;
}

/**
 * The caller with this key at this address; counts as one call. Throws KEY_INVALID, KEY_SCOPE where the key lacks the
 * scope, QUOTA_USED_UP, or TOO_MANY_REQUESTS after too many wrong keys from the address or calls of the tenant.
 */
export function admitCaller(check: KeyCheck, key: string, address: string, { scope, audio }: CallNeeds): Caller {
  const { keys, throttle, gate } = check;
  const caller = key === '' ? undefined : keys.callerOf(key);
  if (caller === undefined) throw key === '' ? keyInvalid() : wrongKey(throttle, address);
  if (!mayDo(caller, scope)) {
    throw httpRefusal('KEY_SCOPE', `this API key does not have this permission; use one with the scope ${scope}`);
  }
  gate?.enter(caller.tenantId);
  if (audio !== undefined) gate?.assertAudioLeft(caller.tenantId);
  return caller;
}

/** Only wrong keys are throttled: many callers may share one address, most of them with valid keys. */
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

/** Throws KEY_INVALID where the key was revoked, or its grace has ended, since it was admitted. Used by long-lived connections. */
export function assertStillHeld({ keys }: Pick<KeyCheck, 'keys'>, { keyId }: Caller): void {
  if (!keys.isHeld(keyId)) throw keyInvalid();
}

/** Admits a live stream; see admitCaller. */
export const admitStream = (check: KeyCheck, key: string, address: string): Caller =>
  admitCaller(check, key, address, { scope: 'identify', audio: 'now' });
