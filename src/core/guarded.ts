/**
 * A callback for a socket, a timer, a child or a library: what it throws, at once or later, ends at `onThrown` and never in
 * the process. Whatever an outsider can set off goes through here; `onThrown` ends that call, stream or connection with a code.
 */
export function guarded<A extends unknown[]>(
  onThrown: (thrown: unknown) => void,
  callback: (...args: A) => unknown,
): (...args: A) => void {
  const end = (thrown: unknown): void => {
    try {
      onThrown(thrown);
    } catch {
      // Ending it failed too: nothing is left that could be told.
    }
  };
  return (...args) => {
    try {
      const result = callback(...args);
      if (result instanceof Promise) result.catch(end);
    } catch (thrown) {
      end(thrown);
    }
  };
}
