/**
 * Turns pushes (messages, sockets, child processes) into an async iterable. Bounded: the oldest item is dropped and passed
 * to `onDropped`, so that no loss is silent. One reader.
 */
export class Channel<T> implements AsyncIterable<T> {
  readonly #capacity: number;
  readonly #onDropped: (item: T) => void;
  readonly #items: T[] = [];
  #isClosed = false;
  #failure: { readonly reason: unknown } | undefined;
  #wake: () => void = () => undefined;

  /** @param capacity items held at most, at least 1 */
  constructor(capacity: number, onDropped: (item: T) => void) {
    this.#capacity = Math.max(1, capacity);
    this.#onDropped = onDropped;
  }

  get size(): number {
    return this.#items.length;
  }

  /** Pushes after `close` or `fail` are ignored. */
  push(item: T): void {
    if (this.#isClosed) return;
    this.#items.push(item);
    if (this.#items.length > this.#capacity) this.#onDropped(this.#items.shift()!);
    this.#wake();
  }

  /** Buffered items are still read; then the loop ends. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** Buffered items are still read; then the loop throws `reason`. */
  fail(reason: unknown): void {
    if (!this.#isClosed) this.#failure = { reason };
    this.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      while (this.#items.length > 0) yield this.#items.shift()!;
      if (this.#failure) throw this.#failure.reason;
      if (this.#isClosed) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
