import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type Refused, refusedOf } from '../client/refused.js';

export interface Loaded<T> {
  /** Undefined until it is there the first time; kept while it is read anew. */
  readonly value: T | undefined;
  readonly refused: Refused | undefined;
  reload(): void;
}

/** What `load` answers; read again with `reload`, and every `everyMs` while the page is visible. `load` must be stable. */
export function useLoaded<T>(load: () => Promise<T>, everyMs?: number): Loaded<T> {
  const [state, setState] = useState<{ value: T | undefined; refused: Refused | undefined }>({
    value: undefined,
    refused: undefined,
  });
  /** An answer that was overtaken by a later question is dropped. */
  const turn = useRef(0);
  const reload = useCallback(() => {
    turn.current += 1;
    const mine = turn.current;
    load().then(
      (value) => mine === turn.current && setState({ value, refused: undefined }),
      (thrown: unknown) => mine === turn.current && setState(({ value }) => ({ value, refused: refusedOf(thrown) })),
    );
  }, [load]);
  useEffect(() => {
    reload();
    if (everyMs === undefined) return;
    const timer = setInterval(() => document.hidden || reload(), everyMs);
    return () => {
      turn.current += 1;
      clearInterval(timer);
    };
  }, [reload, everyMs]);
  return { ...state, reload };
}
