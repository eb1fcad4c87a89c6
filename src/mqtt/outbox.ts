/** An MQTT message as it goes out. */
export interface Outgoing {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

interface Entry {
  readonly message: Outgoing;
  readonly bytes: number;
  /** Sent on the current connection and not yet acknowledged. */
  isUnderWay: boolean;
}

export interface OutboxLimits {
  /** Of events, and again of retained messages. */
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/**
 * Messages until the broker has acknowledged them. Bounded: the oldest event is dropped and counted. A retained message
 * replaces one for the same topic that has not been sent: only the latest state matters.
 */
export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #entries: Entry[] = [];
  #bytes = 0;
  /** Messages dropped since the start because there was no room. */
  lost = 0;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.length;
  }

  push(message: Outgoing): void {
    if (message.retain) this.#remove((entry) => !entry.isUnderWay && entry.message.topic === message.topic);
    const bytes = Buffer.byteLength(message.payload) + Buffer.byteLength(message.topic);
    this.#entries.push({ message, bytes, isUnderWay: false });
    this.#bytes += bytes;
    const ofItsKind = this.#entries.filter((entry) => entry.message.retain === message.retain).length;
    if (ofItsKind > this.#limits.maxMessages) this.#dropOne(message.retain);
    while (this.#bytes > this.#limits.maxBytes) this.#dropOne(false);
  }

  /** The next message to send; undefined where none waits, or `maxUnderWay` are sent and not acknowledged. */
  next(maxUnderWay: number): Outgoing | undefined {
    let underWay = 0;
    for (const entry of this.#entries) {
      if (!entry.isUnderWay) {
        entry.isUnderWay = true;
        return entry.message;
      }
      underWay += 1;
      if (underWay >= maxUnderWay) return undefined;
    }
    return undefined;
  }

  /** The broker has it, or refuses it for good. */
  done(message: Outgoing): void {
    this.#remove((entry) => entry.message === message);
  }

  /** Retained messages on these topics are another process' from now on. */
  forget(isMeant: (topic: string) => boolean): void {
    this.#remove(({ message }) => message.retain && isMeant(message.topic));
  }

  /** The connection is lost: what was not acknowledged is sent again; what is of the moment (QoS 0) is dropped. */
  rewind(): void {
    this.#remove(({ message }) => message.qos === 0);
    for (const entry of this.#entries) entry.isUnderWay = false;
  }

  /** The oldest of the kind, else of the other kind; nothing under way, if it can be avoided. */
  #dropOne(isRetained: boolean): void {
    const waits = (entry: Entry): boolean => !entry.isUnderWay;
    let at = this.#entries.findIndex((entry) => waits(entry) && entry.message.retain === isRetained);
    if (at < 0) at = this.#entries.findIndex(waits);
    const [gone] = this.#entries.splice(Math.max(0, at), 1);
    this.#bytes -= gone?.bytes ?? 0;
    if (gone?.message.qos === 1) this.lost += 1;
  }

  #remove(isGone: (entry: Entry) => boolean): void {
    for (let at = this.#entries.length - 1; at >= 0; at--) {
      const entry = this.#entries[at]!;
      if (!isGone(entry)) continue;
      this.#entries.splice(at, 1);
      this.#bytes -= entry.bytes;
    }
  }
}
