import { guarded } from '../../../core/guarded.js';
import type { SessionInterval } from '../signalling/sessionExpires.js';

/** RFC 4028, 10: a call is ended this long before its interval is over, or a third of it. */
const MARGIN_SECONDS = 32;

export interface SessionTimerEvents {
  /** It is our turn to confirm the call. */
  onDue(): void;
  /** Nobody confirmed it in time. */
  onExpired(): void;
  /** Unexpected exception: the call cannot continue. */
  onFault(thrown: unknown): void;
}

/** Counts down to the next confirmation of a call, and to its end where that stays away. */
export class SessionTimer {
  readonly #events: SessionTimerEvents;
  #interval: SessionInterval | undefined;
  #due: NodeJS.Timeout | undefined;
  #end: NodeJS.Timeout | undefined;
  #endMs = 0;

  constructor(events: SessionTimerEvents) {
    this.#events = events;
  }

  /** What holds at present. */
  get interval(): SessionInterval | undefined {
    return this.#interval;
  }

  /** The call was confirmed, or begins; undefined: without a limit. */
  agree(interval: SessionInterval | undefined): void {
    this.stop();
    this.#interval = interval;
    if (!interval) return;
    const { seconds, isOurs } = interval;
    const { onFault, onExpired } = this.#events;
    const endMs = 1_000 * (seconds - Math.min(MARGIN_SECONDS, seconds / 3));
    this.#endMs = performance.now() + endMs;
    this.#end = setTimeout(guarded(onFault, onExpired), endMs);
    if (isOurs) this.tryIn(500 * seconds);
  }

  /** What the next confirmation asks for; until it is accepted the present end stands. */
  extend(seconds: number): void {
    if (this.#interval) this.#interval = { ...this.#interval, seconds };
  }

  /** A confirmation of ours failed: another is due after this time, if the call still stands. */
  tryIn(delayMs: number): void {
    clearTimeout(this.#due);
    const { onFault, onDue } = this.#events;
    this.#due = setTimeout(guarded(onFault, onDue), delayMs);
  }

  /** Half of what is left until the end. */
  get halfOfRestMs(): number {
    return Math.max(1_000, (this.#endMs - performance.now()) / 2);
  }

  stop(): void {
    clearTimeout(this.#due);
    clearTimeout(this.#end);
  }
}
