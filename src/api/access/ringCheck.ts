import { REST_LIMITS } from '../rest.js';
import type { KeyCheck } from './admitKey.js';
import { ApiKeys, type HashedKey } from './apiKeys.js';
import type { KeyRing } from './keyRing.js';
import { KeyThrottle } from './keyThrottle.js';
import { TenantGate } from './tenantGate.js';
import { TrustedProxies } from './trustedProxies.js';

interface RingCheckOptions {
  /** Asked on every call: keys come and go, limits change. */
  readonly ring: KeyRing;
  /** Keys beside those of the ring. */
  readonly given: readonly HashedKey[];
  /** One that has counted before; else a new one. */
  readonly gate?: TenantGate | undefined;
  /** See TrustedProxies; none by default. */
  readonly trustedProxies?: string | undefined;
}

/** What all surfaces of a server share: its keys, its tenants' limits, and one count of wrong keys. */
export interface RingCheck extends KeyCheck {
  readonly gate: TenantGate;
}

/** Throws CONFIG_INVALID for proxies that are no addresses. */
export const ringCheck = ({ ring, given, gate, trustedProxies }: RingCheckOptions): RingCheck => ({
  keys: new ApiKeys(() => [...given, ...ring.current()]),
  proxies: new TrustedProxies(trustedProxies),
  throttle: new KeyThrottle(REST_LIMITS.maxWrongKeysPerMinute),
  gate: gate ?? new TenantGate((tenantId) => ring.limitsOf(tenantId)),
});
