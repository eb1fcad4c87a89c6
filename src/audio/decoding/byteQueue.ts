/** Bytes as they come, looked at before they are taken. */
export class ByteQueue {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, fewer at the end; they stay. */
  async peek(length: number): Promise<Uint8Array> {
    const pieces = [this.#held];
    for (let held = this.#held.length; held < length; ) {
      const next = await this.#chunks.next();
      if (next.done) break;
      pieces.push(next.value);
      held += next.value.length;
    }
    if (pieces.length > 1) this.#held = Buffer.concat(pieces);
    return this.#held.subarray(0, length);
  }

  /** The bytes available, `most` at most; undefined at the end. */
  async take(most: number): Promise<Uint8Array | undefined> {
    while (this.#held.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return undefined;
      this.#held = next.value;
    }
    const taken = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(taken.length);
    return taken;
  }

  /** Passes over `length` bytes, or to the end. */
  async skip(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      const taken = await this.take(left);
      if (!taken) return;
      left -= taken.length;
    }
  }
}
