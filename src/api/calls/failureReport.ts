import type { FailureReport } from './call.js';

/** Writes one line and the stack of an internal fault to stderr. */
export function reportToStderr({ requestId, code, error }: FailureReport): void {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const stack = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  process.stderr.write(`${code}: request ${requestId} failed\n${stack}\n`);
}
