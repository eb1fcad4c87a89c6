import type { SampleReason } from '../../core/identification.js';

/** A call that was not done. `message` says what to do, in English, as the server worded it. */
export class Refused extends Error {
  override readonly name = 'Refused';
  /** 0 where there was no answer at all. */
  readonly status: number;
  /** Such as `KEY_INVALID`; `UNREACHABLE` where there was no answer. */
  readonly code: string;
  /** Of the enrolment gate. */
  readonly reasons: readonly SampleReason[];

  constructor(status: number, code: string, message: string, reasons: readonly SampleReason[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.reasons = reasons;
  }
}

/** Whatever was thrown, as a refusal. */
export function refusedOf(thrown: unknown): Refused {
  if (thrown instanceof Refused) return thrown;
  return new Refused(0, 'FAILED', thrown instanceof Error ? thrown.message : String(thrown));
}
