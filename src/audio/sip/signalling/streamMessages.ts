/** Bytes of a message at most. */
const MAX_MESSAGE_BYTES = 65_536;
const HEAD_END = Buffer.from('\r\n\r\n');

/** Takes the messages out of a stream (RFC 3261, 18.3). Each byte is looked at once, however finely they are cut. */
export class StreamMessages {
  #held = Buffer.alloc(0);
  #length = 0;
  /** Where the search for the end of the head goes on. */
  #searched = 0;
  /** Length of the message that begins here, once its head is whole. */
  #wanted: number | undefined;

  /** Whether a message has begun that is not whole yet. */
  get isHolding(): boolean {
    return this.#length > 0;
  }

  /** The messages that are whole by now, keep-alives among them; undefined for a stream that is no SIP. */
  push(bytes: Buffer): Buffer[] | undefined {
    this.#append(bytes);
    const messages: Buffer[] = [];
    for (let length = this.#next(); length !== undefined; length = this.#next()) {
      if (length > MAX_MESSAGE_BYTES) return undefined;
      if (length > this.#length) break;
      messages.push(this.#held.subarray(0, length));
      this.#drop(length);
    }
    return this.#length > MAX_MESSAGE_BYTES ? undefined : messages;
  }

  /** Into a buffer that grows by doubling. */
  #append(bytes: Buffer): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#held.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.#held.length));
      this.#held.copy(larger, 0, 0, this.#length);
      this.#held = larger;
    }
    bytes.copy(this.#held, this.#length);
    this.#length = needed;
  }

  #drop(length: number): void {
    this.#held = this.#held.subarray(length);
    this.#length -= length;
    this.#searched = 0;
    this.#wanted = undefined;
  }

  /** Length of what comes next, a message or a keep-alive; undefined while it is not known. */
  #next(): number | undefined {
    const held = this.#held.subarray(0, this.#length);
    if (held.length >= 2 && held[0] === 0x0d && held[1] === 0x0a) return 2;
    if (this.#wanted !== undefined) return this.#wanted;
    const headEnd = held.indexOf(HEAD_END, this.#searched);
    this.#searched = Math.max(0, held.length - 3);
    if (headEnd < 0) return undefined;
    const head = held.toString('latin1', 0, headEnd);
    const bodyBytes = Number(/^(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})[ \t]*$/im.exec(head)?.[1] ?? 0);
    this.#wanted = headEnd + HEAD_END.length + bodyBytes;
    return this.#wanted;
  }
}
