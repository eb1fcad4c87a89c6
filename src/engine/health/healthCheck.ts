import { asVoicePrintsError, type ErrorCode } from '../../core/errors.js';

/** One thing that was looked at, as `doctor` prints it. */
export interface HealthCheck {
  readonly check:
    | 'node'
    | 'runtime'
    | 'models'
    | 'threads'
    | 'decoders'
    | 'gstreamer'
    | 'jobs'
    | 'store'
    | 'database'
    | 'disk'
    | 'ports';
  /** `note`: something optional is missing, everything else works; `fail`: something needed does not work. */
  readonly status: 'pass' | 'note' | 'fail';
  /** What was found, in words. */
  readonly found: string;
  /** What to do about it; absent where there is nothing to do. */
  readonly remedy?: string;
  /** Of a failure. */
  readonly code?: ErrorCode;
}

type Name = HealthCheck['check'];

export const passed = (check: Name, found: string): HealthCheck => ({ check, status: 'pass', found });

export const noted = (check: Name, found: string, remedy: string): HealthCheck => ({
  check,
  status: 'note',
  found,
  remedy,
});

/** What was thrown: our messages say what happened and, after a semicolon, what to do. */
export function failed(check: Name, thrown: unknown): HealthCheck {
  const { code, message } = asVoicePrintsError(thrown);
  const { found, remedy } = inTwo(message);
  return remedy === undefined ? { check, status: 'fail', found, code } : { check, status: 'fail', found, remedy, code };
}

/** A message of ours in its two parts. */
export function inTwo(message: string): { readonly found: string; readonly remedy?: string } {
  const cut = message.indexOf('; ');
  return cut < 0 ? { found: message } : { found: message.slice(0, cut), remedy: message.slice(cut + 2) };
}
