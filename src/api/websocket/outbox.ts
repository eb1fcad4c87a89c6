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

  /** Numbers a message and returns its text. */
  add(message: Numbered): string {
    this.#lastSeq += 1;
    const text = JSON.stringify({ ...message, seq: this.#lastSeq });
    this.#kept.push({ seq: this.#lastSeq, text });
    if (this.#kept.length > this.#most) this.#kept.shift();
    return text;
  }

  /** The client has everything up to this number. */
  acknowledge(seq: number): void {
    while (this.#kept.length > 0 && this.#kept[0]!.seq <= seq) this.#kept.shift();
  }

  /** Messages after this number; undefined where some are no longer kept, or the number was never sent. */
  after(seq: number): readonly string[] | undefined {
    const first = this.#kept[0]?.seq ?? this.#lastSeq + 1;
    if (seq > this.#lastSeq || seq < first - 1) return undefined;
    return this.#kept.filter((message) => message.seq > seq).map(({ text }) => text);
  }
}
