/** Waits that grow from one attempt to the next. */
export interface Backoff {
  /** Before the second attempt. */
  readonly firstMs: number;
  /** Each wait is this many times the one before it. */
  readonly factor: number;
  /** The longest wait; unlimited by default. */
  readonly maxMs?: number;
  /** Largest share of a wait, 0 to 1, that is taken off at random, so that what failed together is not repeated together. */
  readonly jitter: number;
}

/**
 * Wait before the next attempt.
 *
 * @param failures in a row, from 1
 * @param chance in [0, 1)
 */
export function backoffMs(
  { firstMs, factor, maxMs, jitter }: Backoff,
  failures: number,
  chance = Math.random(),
): number {
  const wait = Math.min(maxMs ?? Number.POSITIVE_INFINITY, firstMs * factor ** Math.min(failures - 1, 30));
  return Math.round(wait * (1 - chance * jitter));
}

/** Waits before reconnecting; each is twice the one before it. */
export interface ReconnectConfig {
  /** Before the second attempt. */
  readonly firstMs: number;
  /** The longest wait. */
  readonly maxMs: number;
  /** First and longest wait where an early attempt would do harm. */
  readonly slowMs: number;
  readonly slowMaxMs: number;
}

/** A camera that boots is back within half a minute; one that locks out after wrong passwords does so for minutes. */
export const RECONNECT: ReconnectConfig = { firstMs: 1_000, maxMs: 30_000, slowMs: 60_000, slowMaxMs: 600_000 };

/** Wait before a peer is connected again; see backoffMs. */
export function reconnectMs(config: ReconnectConfig, failures: number, isSlow: boolean, chance?: number): number {
  const [firstMs, maxMs] = isSlow ? [config.slowMs, config.slowMaxMs] : [config.firstMs, config.maxMs];
  return backoffMs({ firstMs, maxMs, factor: 2, jitter: 1 / 4 }, failures, chance);
}
