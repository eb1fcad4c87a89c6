import { InTurn } from '../../core/inTurn.js';
import type { RowFollower } from './rowFollower.js';

/** The ids of a tenant in order, followed: the shards hold them in the order of their hashes. */
export class SortedIds {
  readonly #follower: RowFollower;
  readonly #ids: string[] = [];
  readonly #looks = new InTurn();

  constructor(follower: RowFollower) {
    this.#follower = follower;
  }

  /** Up to `limit` ids after one, and whether there are more. */
  page(
    after: string | undefined,
    limit: number,
  ): Promise<{ readonly ids: readonly string[]; readonly hasMore: boolean }> {
    return this.#looks.run(async () => {
      await this.#follow();
      const from = after === undefined ? 0 : placeIn(this.#ids, after, true);
      return { ids: this.#ids.slice(from, from + limit), hasMore: from + limit < this.#ids.length };
    });
  }

  async #follow(): Promise<void> {
    const isFirst = this.#ids.length === 0;
    for await (const { put, gone } of this.#follower.changes()) {
      for (const { id } of put) {
        if (isFirst) this.#ids.push(id);
        else if (!this.#has(id)) this.#ids.splice(placeIn(this.#ids, id), 0, id);
      }
      for (const id of gone) if (this.#has(id)) this.#ids.splice(placeIn(this.#ids, id), 1);
    }
    if (isFirst) this.#ids.sort();
  }

  #has(id: string): boolean {
    return this.#ids[placeIn(this.#ids, id)] === id;
  }
}

/** Where an id is in order, or belongs; with `isAfter` the place behind it. */
function placeIn(ids: readonly string[], id: string, isAfter = false): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ids[middle]! < id || (isAfter && ids[middle] === id)) low = middle + 1;
    else high = middle;
  }
  return low;
}
