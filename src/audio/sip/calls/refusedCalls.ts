import type { IncomingRequestMessage } from 'sip.js/lib/core/index.js';
import type { ErrorCode } from '../../../core/errors.js';
import type { SipParty, SipState } from '../sipTypes.js';
import type { Refusal } from './callRefusal.js';

/** Scanners call by the hundred: of each code no more is told than this. */
const EVERY_MS = 1_000;

/** Tells whoever runs the endpoint of calls that were not answered, and why. */
export class RefusedCalls {
  readonly #onState: (state: SipState) => void;
  readonly #untold = new Map<ErrorCode, { readonly calls: number; readonly toldMs: number }>();

  constructor(onState: (state: SipState) => void) {
    this.#onState = onState;
  }

  /** @returns the same refusal; requests within a call are none of these */
  tell(refusal: Refusal, request: IncomingRequestMessage): Refusal {
    if (request.method !== 'INVITE' || request.toTag) return refusal;
    const { code, message } = refusal;
    const nowMs = performance.now();
    const { calls: earlier, toldMs } = this.#untold.get(code) ?? { calls: 0, toldMs: Number.NEGATIVE_INFINITY };
    const calls = earlier + 1;
    const isDue = nowMs - toldMs >= EVERY_MS;
    this.#untold.set(code, isDue ? { calls: 0, toldMs: nowMs } : { calls, toldMs });
    if (isDue) this.#onState({ status: 'refused', code, message, remote: partyOf(request), calls });
    return refusal;
  }
}

/** Who calls, by what they say of themselves. */
export const partyOf = ({ from }: IncomingRequestMessage): SipParty => ({
  user: from.uri.user ?? '',
  host: from.uri.host,
  displayName: from.displayName,
});
