import { REST_LIMITS } from '../restOptions.js';
import type { KeyCheck } from './admitKey.js';
import { ApiKeys, type HashedKey } from './apiKeys.js';
import type { KeyRing } from './keyRing.js';
import { KeyThrottle } from './keyThrottle.js';
import type { SharedUse } from './postgres/sharedUse.js';
import { TenantGate } from './tenantGate.js';
import { TrustedIngress, type TrustedIngressOptions } from './trustedIngress.js';
import { TrustedProxies } from './trustedProxies.js';

interface RingCheckOptions {
  /** Called for every request: keys and limits may change. */
  readonly ring: KeyRing;
  /** Keys in addition to those of the ring. */
  readonly given: readonly HashedKey[];
  /** An existing gate; a new one by default. */
  readonly gate?: TenantGate | undefined;
  /** What is used is counted together with the other processes of a database; by default in this process alone. */
  readonly use?: SharedUse | undefined;
  /** See TrustedProxies; none by default. */
  readonly trustedProxies?: string | undefined;
  /** See TrustedIngress; none by default. */
  readonly trustedIngress?: TrustedIngressOptions | undefined;
}

/** Shared by all surfaces of a server: its keys, its tenants' limits, and one count of wrong keys. */
export interface RingCheck extends KeyCheck {
  readonly gate: TenantGate;
  readonly ring: KeyRing;
}

/** Throws CONFIG_INVALID for proxies and an ingress that are not addresses. */
export const ringCheck = ({ ring, given, use, gate, trustedProxies, trustedIngress }: RingCheckOptions): RingCheck => ({
  ring,
  keys: new ApiKeys(
    () => [...given, ...ring.current()],
    () => ring.assertCertain(),
  ),
  proxies: new TrustedProxies(trustedProxies),
  ingress: trustedIngress && new TrustedIngress(trustedIngress),
  throttle: new KeyThrottle(REST_LIMITS.maxWrongKeysPerMinute, use?.nowMs, use?.wrongKeys),
  gate: gate ?? new TenantGate((tenantId) => ring.limitsOf(tenantId), use),
});
