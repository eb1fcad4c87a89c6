/** Each wait is this many times the one before it. */
const FACTOR = 4;

/**
 * How long to wait after `failures` in a row, from 1: exponential, less up to half by chance, so that what failed
 * together does not come back together.
 */
export const backoffMs = (failures: number, firstMs: number, chance: () => number = Math.random): number =>
  Math.round(firstMs * FACTOR ** (failures - 1) * (1 - chance() / 2));
