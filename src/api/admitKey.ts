import type { ApiKeys } from './apiKeys.js';
import type { KeyThrottle } from './keyThrottle.js';
import { httpRefusal } from './refusal.js';

/** What tells keys apart, and slows down those who guess. */
export interface KeyCheck {
  readonly keys: ApiKeys;
  readonly throttle: KeyThrottle;
}

/** The tenant of a key sent from an address. Throws KEY_INVALID, or TOO_MANY_REQUESTS after too many wrong ones. */
export function admitKey({ keys, throttle }: KeyCheck, key: string, address: string): string {
  const waitSeconds = throttle.waitSeconds(address);
  if (waitSeconds > 0) {
    const message = 'too many wrong API keys from this address; wait as long as Retry-After says';
    throw httpRefusal('TOO_MANY_REQUESTS', message, { 'retry-after': String(waitSeconds) });
  }
  const tenantId = key === '' ? undefined : keys.tenantOf(key);
  if (tenantId !== undefined) return tenantId;
  if (key !== '') throttle.failed(address);
  throw httpRefusal('KEY_INVALID', 'Invalid ApiKey', { 'www-authenticate': 'Bearer' });
}
