/** Settles as `promise` does, or rejects with the signal's reason once that aborts; later results are ignored. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/**
 * The items of `items` until the signal aborts: then it throws the signal's reason, even while it waits for an item that
 * never arrives. The owner of a source that may hang that way must close it as well: its `return()` waits for the item.
 */
export async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let isExhausted = false;
  try {
    for (;;) {
      const next = await abortable(iterator.next(), signal);
      isExhausted = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    const closing = isExhausted ? undefined : iterator.return?.();
    if (signal.aborted)
      closing?.catch(() => undefined); // pending as long as the source hangs; its failure was already reported
    else await closing;
  }
}
