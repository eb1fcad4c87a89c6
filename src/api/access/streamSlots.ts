import { httpRefusal } from '../refusals/refusal.js';

/** Limits of concurrent streams, per tenant and in total. */
export class StreamSlots {
  readonly #mostOfTenant: number;
  readonly #mostOfAll: number;
  readonly #open = new Map<string, number>();
  #all = 0;

  constructor({ mostOfTenant, mostOfAll }: { readonly mostOfTenant: number; readonly mostOfAll: number }) {
    this.#mostOfTenant = mostOfTenant;
    this.#mostOfAll = mostOfAll;
  }

  /** Reserves a place and returns a function that releases it; throws a 429 where there is none. */
  take(tenantId: string): () => void {
    const own = this.#open.get(tenantId) ?? 0;
    if (own >= this.#mostOfTenant) {
      throw httpRefusal('TOO_MANY_REQUESTS', `${own} streams of this tenant are open, the most allowed; end one first`);
    }
    if (this.#all >= this.#mostOfAll) {
      throw httpRefusal('TOO_MANY_REQUESTS', 'the server has reached its limit of open streams; try again later');
    }
    this.#open.set(tenantId, own + 1);
    this.#all += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#all -= 1;
      const left = (this.#open.get(tenantId) ?? 1) - 1;
      if (left > 0) this.#open.set(tenantId, left);
      else this.#open.delete(tenantId);
    };
  }
}
