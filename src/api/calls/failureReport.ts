import type { FailureReport } from './call.js';

/** One line and the stack of a fault of ours on stderr. */
export function reportToStderr({ requestId, code, error }: FailureReport): void {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const stack = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  process.stderr.write(`${code}: request ${requestId} failed\n${stack}\n`);
}
