import { type DestinationStream, type Logger, pino } from 'pino';
import type { CaughtFault } from '../core/guarded.js';
import { systemCodeOf } from '../core/systemCode.js';
import type { FailureReport } from './calls/call.js';
import type { CallReport } from './calls/callReport.js';

export const LOG_LEVELS = ['info', 'error', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * One JSON object per line: every call at `info`, internal faults at `error`. Ids and numbers only: no names, no addresses
 * of callers, nothing of a body, a query or an answer.
 */
export class ServerLog {
  readonly #log: Logger;

  constructor(level: LogLevel, destination: DestinationStream) {
    // Neither host name nor process id: log collectors add them.
    this.#log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  }

  call(report: CallReport): void {
    const { durationMs, audioMs, ...rest } = report;
    this.#log.info({ ...rest, durationMs: Math.round(durationMs), audioMs: Math.round(audioMs) }, 'call');
  }

  /** Of no call: what a guard caught, after it has ended what it concerned. */
  fault({ stack }: CaughtFault): void {
    this.#log.error({ code: 'INTERNAL', stack }, 'fault');
  }

  /** A condition that the operator should know, outside calls: `message` says what to do. */
  problem(fields: { readonly code: string; readonly message: string; readonly [field: string]: unknown }): void {
    const { message, ...rest } = fields;
    this.#log.error(rest, message);
  }

  /** The end of such a condition. */
  notice(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#log.info(fields, message);
  }

  failure({ requestId, code, error }: FailureReport): void {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const stack = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    this.#log.error({ requestId, code, ...systemCodeOf(error), stack }, 'failure');
  }
}
