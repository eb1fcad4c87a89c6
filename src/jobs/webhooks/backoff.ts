/** Each wait is this many times the one before it. */
const FACTOR = 4;

/**
 * Delay after `failures` in a row, from 1: exponential, with a random reduction of up to half, so that requests that failed
 * together are not repeated together.
 */
export const backoffMs = (failures: number, firstMs: number, chance: () => number = Math.random): number =>
  Math.round(firstMs * FACTOR ** (failures - 1) * (1 - chance() / 2));
