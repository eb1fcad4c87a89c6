export interface BackoffConfig {
  /** Before the second attempt. */
  readonly firstMs: number;
  /** The longest wait. */
  readonly maxMs: number;
  /** First and longest wait where soon again would do harm. */
  readonly slowMs: number;
  readonly slowMaxMs: number;
}

/** A camera that boots is back within half a minute; one that locks out after wrong passwords does so for minutes. */
export const BACKOFF: BackoffConfig = { firstMs: 1_000, maxMs: 30_000, slowMs: 60_000, slowMaxMs: 600_000 };

/**
 * Wait before the next attempt: doubled each time up to a cap, less up to a quarter by chance, so that many streams
 * that were lost together do not all come back at once.
 *
 * @param failures in a row, from 1
 * @param chance in [0, 1)
 */
export function backoffMs(config: BackoffConfig, failures: number, isSlow: boolean, chance: number): number {
  const [first, max] = isSlow ? [config.slowMs, config.slowMaxMs] : [config.firstMs, config.maxMs];
  const wait = Math.min(max, first * 2 ** Math.min(failures - 1, 30));
  return Math.round(wait * (1 - chance / 4));
}
