import type { RtpPacket } from './rtpPacket.js';

/** How long a missing packet is waited for. Packets in order never wait. */
const WAIT_MS = 80;
/** Packets held at most: two seconds of usual ones. */
const CAPACITY = 100;
/** RFC 3550, A.1: a jump further than this is not a loss but a sender that restarted. */
const MAX_DROPOUT = 3_000;
const MAX_MISORDER = 100;

interface Held {
  readonly packet: RtpPacket;
  readonly arrivedMs: number;
}

/** Puts the packets of one sender into order. What comes after its time was passed over is dropped and counted. */
export class JitterBuffer {
  /** Keyed by sequence numbers that do not wrap, in order of arrival. */
  readonly #held = new Map<number, Held>();
  /** Sequence numbers passed over lately. */
  readonly #skipped = new Set<number>();
  #next: number | undefined;
  /** Sequence number that would prove a new beginning. */
  #suspect: number | undefined;
  #lost = 0;
  #late = 0;

  /** Passed over and not seen since. */
  get lost(): number {
    return this.#lost;
  }

  get late(): number {
    return this.#late;
  }

  /** Milliseconds of any clock at which `expire` has work to do; undefined while nothing waits. */
  get dueMs(): number | undefined {
    const first = this.#held.values().next().value;
    return first && first.arrivedMs + WAIT_MS;
  }

  /** The packets that are next by now, in order. */
  *push(packet: RtpPacket, nowMs: number): Generator<RtpPacket> {
    this.#next ??= packet.sequence;
    let key = this.#keyOf(packet.sequence);
    if (key > this.#next + MAX_DROPOUT || key < this.#next - MAX_MISORDER) {
      if (packet.sequence !== this.#suspect) {
        this.#suspect = (packet.sequence + 1) & 0xffff;
        return;
      }
      yield* this.flush();
      this.#skipped.clear();
      key = this.#keyOf(packet.sequence);
      this.#next = key;
    }
    this.#suspect = undefined;
    if (key < this.#next) {
      this.#countLate(key);
      return;
    }
    if (!this.#held.has(key)) this.#held.set(key, { packet, arrivedMs: nowMs });
    yield* this.#release();
    if (this.#held.size > CAPACITY) yield* this.#skip();
  }

  /** The packets that need not wait any longer for those missing before them. */
  *expire(nowMs: number): Generator<RtpPacket> {
    for (let due = this.dueMs; due !== undefined && due <= nowMs; due = this.dueMs) yield* this.#skip();
  }

  /** Everything held. */
  *flush(): Generator<RtpPacket> {
    while (this.#held.size > 0) yield* this.#skip();
  }

  /** 16 bits to the nearest number on the growing count. */
  #keyOf(sequence: number): number {
    return this.#next! + (((sequence - this.#next!) << 16) >> 16);
  }

  *#release(): Generator<RtpPacket> {
    for (let held = this.#held.get(this.#next!); held; held = this.#held.get(this.#next!)) {
      this.#held.delete(this.#next!);
      this.#next! += 1;
      yield held.packet;
    }
  }

  *#skip(): Generator<RtpPacket> {
    const first = Math.min(...this.#held.keys());
    for (let missing = this.#next!; missing < first; missing += 1) this.#skipped.add(missing);
    this.#lost += first - this.#next!;
    for (const old of this.#skipped) {
      if (this.#skipped.size <= MAX_MISORDER) break;
      this.#skipped.delete(old);
    }
    this.#next = first;
    yield* this.#release();
  }

  #countLate(key: number): void {
    if (this.#skipped.delete(key)) this.#late += 1; // else a duplicate
  }
}
