/** Separates two links of a chain. */
export const CUT = Symbol('cut');

/** Bytes that one decoder can read from beginning to end, and whether they were. */
export interface Link extends AsyncIterable<Uint8Array> {
  readonly isRead: boolean;
}

/**
 * One stream of bytes that is a chain of recordings, each for a separate decoder: the tracks of an Ogg
 * radio (RFC 3533, chaining), the parts of HLS between discontinuities. One link at a time, in order.
 */
export async function* linksOf(items: AsyncIterable<Uint8Array | typeof CUT>): AsyncGenerator<Link> {
  const iterator = items[Symbol.asyncIterator]();
  let isOver = false;
  try {
    while (!isOver) {
      const state = { isRead: false };
      const bytes = async function* () {
        for (;;) {
          const next = await iterator.next();
          isOver = next.done === true;
          state.isRead = isOver || next.value === CUT;
          if (state.isRead) return;
          yield next.value as Uint8Array;
        }
      };
      yield {
        [Symbol.asyncIterator]: bytes,
        get isRead() {
          return state.isRead;
        },
      };
      if (!state.isRead) return; // its decoder has had enough: so have we
    }
  } finally {
    await iterator.return?.();
  }
}
