import { setImmediate as nextTurn } from 'node:timers/promises';
import { guarded } from '../../core/guarded.js';
import { abortable } from '../../stream/abortable.js';
import { stalled } from './liveErrors.js';

export interface WatchdogConfig {
  /** Patience before the first item; for ever where left out. */
  readonly firstDataMs?: number | undefined;
  /** Patience between items. */
  readonly stallMs?: number | undefined;
}

/**
 * The items of `items`, or LIVE_STALLED where none comes for too long; then `stop` is aborted, so that a source that
 * hangs ends. A silence that was ours (the process was frozen, the loop was busy) is none of the source.
 */
export async function* watched<T>(
  items: AsyncGenerator<T>,
  { firstDataMs, stallMs }: WatchdogConfig,
  stop: AbortController,
): AsyncGenerator<T> {
  try {
    for (let patienceMs = firstDataMs; ; patienceMs = stallMs) {
      const next = await withPatience(items.next(), patienceMs, stop);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    const closing = items.return(undefined);
    await closing;
  }
}

async function withPatience<T>(item: Promise<T>, patienceMs: number | undefined, stop: AbortController): Promise<T> {
  if (patienceMs === undefined) return item;
  let hasCome = false;
  const giveUp = async () => {
    // What waits in sockets and pipes is read first, should this timer be late because we were.
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
    if (!hasCome) stop.abort(stalled(patienceMs));
  };
  const timer = setTimeout(
    guarded((thrown) => stop.abort(thrown), giveUp),
    patienceMs,
  );
  try {
    return await abortable(item, stop.signal);
  } finally {
    hasCome = true;
    clearTimeout(timer);
  }
}
