import { useCallback, useState } from 'preact/hooks';
import { type Refused, refusedOf } from '../client/refused.js';

export interface Task {
  readonly isRunning: boolean;
  readonly refused: Refused | undefined;
  /** Runs one action; what it throws is shown, never thrown. */
  run(action: () => Promise<void>): void;
}

/** An action of the user that takes a while and may be refused. */
export function useTask(): Task {
  const [state, setState] = useState<{ isRunning: boolean; refused: Refused | undefined }>({
    isRunning: false,
    refused: undefined,
  });
  const run = useCallback((action: () => Promise<void>) => {
    setState({ isRunning: true, refused: undefined });
    action().then(
      () => setState({ isRunning: false, refused: undefined }),
      (thrown: unknown) => setState({ isRunning: false, refused: refusedOf(thrown) }),
    );
  }, []);
  return { ...state, run };
}
