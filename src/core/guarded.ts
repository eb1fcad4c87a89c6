/**
 * Wraps a callback of a socket, a timer, a child process or a library: an error it throws, synchronously or not, reaches
 * `onThrown` instead of ending the process. Every callback that a remote peer can trigger goes through here; `onThrown` ends
 * that call, stream or connection with a code.
 */
export function guarded<A extends unknown[]>(
  onThrown: (thrown: unknown) => void,
  callback: (...args: A) => unknown,
): (...args: A) => void {
  const end = (thrown: unknown): void => {
    try {
      onThrown(thrown);
    } catch {
      // Ending it failed too: there is nobody left to report it to.
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
