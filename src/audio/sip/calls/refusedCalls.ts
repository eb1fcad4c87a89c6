import type { IncomingRequestMessage } from 'sip.js/lib/core/index.js';
import type { ErrorCode } from '../../../core/errors.js';
import type { SipParty, SipState } from '../sipTypes.js';
import type { Refusal } from './callRefusal.js';

/** Scanners call by the hundred: limit of events for each code. */
const EVERY_MS = 1_000;

/** Reports calls that were not answered, and why, to the operator of the endpoint. */
export class RefusedCalls {
  readonly #onState: (state: SipState) => void;
  readonly #pending = new Map<ErrorCode, { readonly calls: number; readonly emittedMs: number }>();

  constructor(onState: (state: SipState) => void) {
    this.#onState = onState;
  }

  /** @returns the same refusal; requests within a call are none of these */
  report(refusal: Refusal, request: IncomingRequestMessage): Refusal {
    if (request.method !== 'INVITE' || request.toTag) return refusal;
    const { code, message } = refusal;
    const nowMs = performance.now();
    const { calls: earlier, emittedMs } = this.#pending.get(code) ?? { calls: 0, emittedMs: Number.NEGATIVE_INFINITY };
    const calls = earlier + 1;
    const isDue = nowMs - emittedMs >= EVERY_MS;
    this.#pending.set(code, isDue ? { calls: 0, emittedMs: nowMs } : { calls, emittedMs });
    if (isDue) this.#onState({ status: 'refused', code, message, remote: partyOf(request), calls });
    return refusal;
  }
}

/** The caller, as given by the caller. */
export const partyOf = ({ from }: IncomingRequestMessage): SipParty => ({
  user: from.uri.user ?? '',
  host: from.uri.host,
  displayName: from.displayName,
});
