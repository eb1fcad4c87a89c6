import { httpRefusal } from '../refusals/refusal.js';

export interface SlotsOptions {
  /** How many there are in all. */
  readonly most: number;
  /** Whether there are other tenants: then one alone gets half of them at most. */
  readonly isShared: () => boolean;
}

/** What calls hold while they last: places, or bytes. One too many is turned down at once instead of queueing without end. */
export class Slots {
  readonly #most: number;
  readonly #isShared: () => boolean;
  readonly #held = new Map<string, number>();
  #all = 0;

  constructor({ most, isShared }: SlotsOptions) {
    this.#most = most;
    this.#isShared = isShared;
  }

  /** Throws a 429 where `amount` more cannot be had. */
  assertFree(tenantId: string, amount = 1): void {
    const own = (this.#held.get(tenantId) ?? 0) + amount;
    const mostOwn = this.#isShared() ? Math.ceil(this.#most / 2) : this.#most;
    if (own <= mostOwn && this.#all + amount <= this.#most) return;
    const who = own > mostOwn ? 'as much is in work for this tenant as may be' : 'the server is busy';
    throw httpRefusal('TOO_MANY_REQUESTS', `${who}; try again in 2 seconds`, { 'retry-after': '2' });
  }

  /** Takes some and returns what gives them back; throws a 429 when there are none. */
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
