/** Work of which one piece follows the other: what one throws its caller gets, and the next is done all the same. */
export class InTurn {
  #last: Promise<void> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const own = this.#last.then(work);
    this.#last = own.then(nothing, nothing); // without the answer: it may be large, and nothing else needs it
    return own;
  }

  /** Resolves once everything given so far is done. */
  done(): Promise<void> {
    return this.#last;
  }
}

/** Work of one key one after the other; that of another key does not wait for it. */
export class InTurnByKey {
  readonly #turns = new Map<string, { readonly turn: InTurn; waiting: number }>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const own = this.#turns.get(key) ?? { turn: new InTurn(), waiting: 0 };
    this.#turns.set(key, own);
    own.waiting += 1;
    try {
      return await own.turn.run(work);
    } finally {
      own.waiting -= 1;
      if (own.waiting === 0) this.#turns.delete(key);
    }
  }

  /** Keys whose work is under way or waits. */
  get keys(): number {
    return this.#turns.size;
  }
}

const nothing = (): void => undefined;
