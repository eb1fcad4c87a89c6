/** Waits for a turn: those who wait are served one after the other, however many waits each of them has; the waits of one in order. */
export class FairTurns<Who> {
  /** Whoever is next comes first. */
  readonly #waits = new Map<Who, (() => void)[]>();

  /** Resolves when it is the turn of this wait. */
  wait(who: Who): Promise<void> {
    return new Promise((start) => {
      const own = this.#waits.get(who);
      if (own) own.push(start);
      else this.#waits.set(who, [start]);
    });
  }

  /** Gives one turn to whoever is next; false where nobody waits. */
  next(): boolean {
    const [first] = this.#waits;
    if (first === undefined) return false;
    const [who, own] = first;
    const start = own.shift()!;
    this.#waits.delete(who);
    if (own.length > 0) this.#waits.set(who, own); // behind all others
    start();
    return true;
  }
}
