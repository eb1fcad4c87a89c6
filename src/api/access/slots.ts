import { httpRefusal } from '../refusals/refusal.js';

export interface SlotsOptions {
  /** Total capacity. */
  readonly most: number;
  /** Whether there are other tenants: then one tenant gets at most half of the capacity. */
  readonly isShared: () => boolean;
}

/** Capacity held by calls while they last: a count, or bytes. Requests beyond it are refused at once instead of queued. */
export class Slots {
  readonly #most: number;
  readonly #isShared: () => boolean;
  readonly #held = new Map<string, number>();
  #all = 0;

  constructor({ most, isShared }: SlotsOptions) {
    this.#most = most;
    this.#isShared = isShared;
  }

  /** Throws a 429 where `amount` is not available. */
  assertFree(tenantId: string, amount = 1): void {
    const own = (this.#held.get(tenantId) ?? 0) + amount;
    const mostOwn = this.#isShared() ? Math.ceil(this.#most / 2) : this.#most;
    if (own <= mostOwn && this.#all + amount <= this.#most) return;
    const who = own > mostOwn ? 'this tenant has reached its limit of calls in progress' : 'the server is busy';
    throw httpRefusal('TOO_MANY_REQUESTS', `${who}; try again in 2 seconds`, { 'retry-after': '2' });
  }

  /** Reserves capacity and returns a function that releases it; throws a 429 when there is none. */
  take(tenantId: string, amount = 1): () => void {
    this.assertFree(tenantId, amount);
    this.#add(tenantId, amount);
    let isHeld = true;
    return () => {
      if (isHeld) this.#add(tenantId, -amount);
      isHeld = false;
    };
  }

  #add(tenantId: string, amount: number): void {
    this.#all += amount;
    const own = (this.#held.get(tenantId) ?? 0) + amount;
    if (own > 0) this.#held.set(tenantId, own);
    else this.#held.delete(tenantId);
  }
}
