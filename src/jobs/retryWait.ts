import { backoffMs } from '../core/backoff.js';

/** Waits of jobs and webhooks grow by this factor, and are up to half shorter at random. */
const GROWTH = { factor: 4, jitter: 1 / 2 };

/** Wait after `failures` in a row, from 1; the first is `firstMs`. */
export const retryWaitMs = (failures: number, firstMs: number): number => backoffMs({ firstMs, ...GROWTH }, failures);
