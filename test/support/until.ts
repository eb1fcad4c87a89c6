import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition; a test's own time limit is what ends it in vain. */
export async function until<T>(look: () => T | Promise<T>, is: (value: T) => boolean = Boolean): Promise<T> {
  for (;;) {
    const value = await look();
    if (is(value)) return value;
    await sleep(10);
  }
}
