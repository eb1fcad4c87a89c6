/** How long threads were busy with one kind of work. */
export class BusyTime {
  readonly #threads: number;
  #active = 0;
  #ms = 0;
  #sinceMs = performance.now();

  constructor(threads: number) {
    this.#threads = threads;
  }

  /** Milliseconds that all threads were busy, or twice as many that half of them were: grows by at most 1 ms in each. */
  get ms(): number {
    this.#count();
    return this.#ms;
  }

  async during<T>(work: Promise<T>): Promise<T> {
    this.#count();
    this.#active += 1;
    try {
      return await work;
    } finally {
      this.#count();
      this.#active -= 1;
    }
  }

  #count(): void {
    const nowMs = performance.now();
    this.#ms += ((nowMs - this.#sinceMs) * Math.min(this.#active, this.#threads)) / this.#threads;
    this.#sinceMs = nowMs;
  }
}
