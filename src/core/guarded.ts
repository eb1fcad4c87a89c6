import { VoicePrintsError } from './errors.js';

/** An unexpected exception that a guard caught, for the operator's log. */
export interface CaughtFault {
  /** Which error, and where in the code it was thrown. Not its message, which may quote what a peer sent. */
  readonly stack: string;
}

const MOST_PLACES = 100;
/** Ends that somebody asked for, and refusals with a code of their own, as of a key that was revoked: no defects. */
const EXPECTED = new Set(['AbortError', 'RefusedError']);

const listeners = new Set<(fault: CaughtFault) => void>();

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
      // Ending it failed too: there is no one left to report it to.
    }
    report(thrown);
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

/** Calls `listener` with faults that guards catch, once for each place in the code. Returns what ends that. */
export function onCaughtFault(listener: (fault: CaughtFault) => void): () => void {
  const reported = new Set<string>(); // a peer that sets one off a thousand times a second must not fill the log
  const hear = ({ stack }: CaughtFault): void => {
    if (reported.has(stack) || reported.size >= MOST_PLACES) return;
    reported.add(stack);
    listener({ stack });
  };
  listeners.add(hear);
  return () => listeners.delete(hear);
}

function report(thrown: unknown): void {
  if (listeners.size === 0) return;
  const isForeseen = thrown instanceof VoicePrintsError && thrown.code !== 'INTERNAL';
  const error = thrown instanceof VoicePrintsError ? thrown.cause : thrown;
  if (isForeseen || !(error instanceof Error) || EXPECTED.has(error.name)) return;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line));
  const stack = [error.name, ...frames].join('\n');
  for (const listener of listeners) {
    try {
      listener({ stack });
    } catch {
      // A log that breaks must not end what the guard protects.
    }
  }
}
