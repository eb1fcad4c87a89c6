/** Work of one tenant one after the other; that of another does not wait for it. */
export class TenantOrder {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<T>(tenantId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(tenantId) ?? Promise.resolve();
    const own = before.then(work, work);
    this.#last.set(tenantId, own);
    try {
      return await own;
    } finally {
      if (this.#last.get(tenantId) === own) this.#last.delete(tenantId);
    }
  }
}
