import type { Numbered } from './protocol.js';

/** Numbered messages of a session, kept until the client acknowledges them: none is lost or repeated. */
export class Outbox {
  readonly #most: number;
  /** Serialized, oldest first. */
  readonly #kept: { readonly seq: number; readonly text: string }[] = [];
  #lastSeq = 0;

  /** @param most messages kept; beyond it the oldest is dropped, and a client that missed it cannot resume */
  constructor(most: number) {
    this.#most = most;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Not acknowledged, oldest first. */
  get kept(): readonly { readonly seq: number; readonly text: string }[] {
    return this.#kept;
  }

  /** Goes on with the messages of another process; numbers continue after `lastSeq`. */
  restore(messages: readonly { readonly seq: number; readonly text: string }[], lastSeq: number): void {
    if (messages.at(-1)?.seq === lastSeq) this.#kept.push(...messages); // else the client has them all, and more
    this.#lastSeq = lastSeq;
  }

  /** Numbers a message. */
  add(message: Numbered): void {
    this.#lastSeq += 1;
    const text = JSON.stringify({ ...message, seq: this.#lastSeq });
    this.#kept.push({ seq: this.#lastSeq, text });
    if (this.#kept.length > this.#most) this.#kept.shift();
  }

  /** The client has everything up to this number. */
  acknowledge(seq: number): void {
    while (this.#kept.length > 0 && this.#kept[0]!.seq <= seq) this.#kept.shift();
  }

  /** Messages after this number, up to another; undefined where some are no longer kept, or the number was never given. */
  after(seq: number, upTo = this.#lastSeq): readonly { readonly seq: number; readonly text: string }[] | undefined {
    const first = this.#kept[0]?.seq ?? this.#lastSeq + 1;
    if (seq > this.#lastSeq || seq < first - 1) return undefined;
    return this.#kept.slice(seq + 1 - first, upTo + 1 - first);
  }
}
