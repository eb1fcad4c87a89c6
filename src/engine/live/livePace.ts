/** How late the work may be before hops get longer, and how late at most before they get shorter again. */
const LATE_MS = 600;
const IN_TIME_MS = 200;
/** In time for this long before hops get shorter. */
const CALM_MS = 5_000;
/** The least delay is looked for in this much time: clocks of sources drift. */
const BASELINE_MS = 60_000;
/** Between two steps in one direction. */
const STEP_MS = 1_000;

export const MOST_LEVEL = 2;

/**
 * Whether a stream is worked on as fast as it comes. The delay between a sample and the work on it is compared with the
 * least delay of the last minute or two; a source that is read as fast as it can be worked on is never late.
 */
export class LivePace {
  #level = 0;
  #leastNow = Number.POSITIVE_INFINITY;
  #leastBefore = Number.POSITIVE_INFINITY;
  #blockEndMs = Number.NEGATIVE_INFINITY;
  #steppedAtMs = Number.NEGATIVE_INFINITY;
  #lateAtMs = Number.NEGATIVE_INFINITY;

  /** 0: in time. Each step doubles the hops. */
  get level(): number {
    return this.#level;
  }

  /**
   * @param nowMs a clock that never jumps
   * @param streamMs how far the work has come on the stream's clock
   * @returns true where the level changed
   */
  worked(nowMs: number, streamMs: number): boolean {
    const delayMs = nowMs - streamMs;
    if (nowMs > this.#blockEndMs) {
      this.#leastBefore = this.#leastNow;
      this.#leastNow = delayMs;
      this.#blockEndMs = nowMs + BASELINE_MS;
    }
    this.#leastNow = Math.min(this.#leastNow, delayMs);
    const lateMs = delayMs - Math.min(this.#leastNow, this.#leastBefore);
    if (lateMs > IN_TIME_MS) this.#lateAtMs = nowMs;
    if (nowMs - this.#steppedAtMs < STEP_MS) return false;
    if (lateMs > LATE_MS && this.#level < MOST_LEVEL) return this.#step(nowMs, 1);
    if (this.#level > 0 && nowMs - this.#lateAtMs > CALM_MS) return this.#step(nowMs, -1);
    return false;
  }

  /** After a gap the source's delay may be another. */
  restart(): void {
    this.#leastNow = Number.POSITIVE_INFINITY;
    this.#leastBefore = Number.POSITIVE_INFINITY;
    this.#blockEndMs = Number.NEGATIVE_INFINITY;
  }

  #step(nowMs: number, by: 1 | -1): boolean {
    this.#level += by;
    this.#steppedAtMs = nowMs;
    this.#lateAtMs = nowMs;
    return true;
  }
}
