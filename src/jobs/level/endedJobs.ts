import type { EndedLimits } from '../jobQueueLimits.js';

interface Ended {
  readonly tenantId: string;
  readonly outcomeBytes: number;
}

interface OfTenant<E> {
  /** In the order in which they ended. */
  readonly entries: Set<E>;
  outcomeBytes: number;
}

/** Ended jobs by tenant, in the order in which they ended. */
export class EndedJobs<E extends Ended> {
  readonly #tenants = new Map<string, OfTenant<E>>();

  add(entry: E): void {
    const own = this.#tenants.get(entry.tenantId) ?? { entries: new Set<E>(), outcomeBytes: 0 };
    own.entries.add(entry);
    own.outcomeBytes += entry.outcomeBytes;
    this.#tenants.set(entry.tenantId, own);
  }

  remove(entry: E): void {
    const own = this.#tenants.get(entry.tenantId);
    if (!own?.entries.delete(entry)) return;
    own.outcomeBytes -= entry.outcomeBytes;
    if (own.entries.size === 0) this.#tenants.delete(entry.tenantId);
  }

  *all(): Generator<E> {
    for (const { entries } of this.#tenants.values()) yield* entries;
  }

  /** The oldest jobs of a tenant beyond the limits, except those that `isNeeded`. */
  surplus(tenantId: string, limits: EndedLimits, isNeeded: (entry: E) => boolean): readonly E[] {
    const own = this.#tenants.get(tenantId);
    if (own === undefined) return [];
    let { outcomeBytes } = own;
    let jobs = own.entries.size;
    const surplus: E[] = [];
    for (const entry of own.entries) {
      if (jobs <= limits.maxEndedJobsOfTenant && outcomeBytes <= limits.maxOutcomeBytesOfTenant) break;
      if (isNeeded(entry)) continue;
      surplus.push(entry);
      jobs -= 1;
      outcomeBytes -= entry.outcomeBytes;
    }
    return surplus;
  }
}
