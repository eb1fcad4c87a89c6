/** Work that stops between small steps, so that whoever runs it can do something else there. Returns its answer. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Longest run of steps before the event loop gets its turn. */
const SLICE_MS = 4;

/** Runs all steps at once. */
export function finished<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Runs the steps in slices of a few milliseconds, between which the event loop does what else there is to do. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const endMs = performance.now() + SLICE_MS;
    do {
      const { done, value } = steps.next();
      if (done) return value;
    } while (performance.now() < endMs);
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
