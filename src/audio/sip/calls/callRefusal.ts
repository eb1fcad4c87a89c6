import type { IncomingRequestMessage } from 'sip.js/lib/core/index.js';
import { VoicePrintsError } from '../../../core/errors.js';
import { agreeOn, readDescription } from '../signalling/sessionDescription.js';
import type { SipConfig, SipParty } from '../sipTypes.js';
import { codecMismatch } from './callMedia.js';

const isAnswered = (answer: SipConfig['answer'], { user, host }: SipParty): boolean =>
  answer === 'all' || answer.includes(user) || answer.includes(`${user}@${host}`);

/** The status an incoming call is refused with, or undefined where it is to be answered. */
export function refusalOf(
  request: IncomingRequestMessage,
  caller: SipParty,
  config: SipConfig,
  callCount: number,
): 403 | 415 | 486 | 488 | undefined {
  if (!isAnswered(config.answer, caller)) return 403;
  if (callCount >= config.maxCalls) return 486;
  if (!request.body) return undefined; // the other side leaves the offer to us
  if (!/^\s*application\/sdp\b/i.test(request.getHeader('content-type') ?? '')) return 415;
  const remote = readDescription(request.body);
  return remote && agreeOn(remote, config) ? undefined : 488;
}

/** Statuses of "not with these codecs". */
const MISMATCHES = new Set([415, 488, 606]);
/** Of sip.js itself where nobody answered, and of proxies that reached nobody. */
const UNREACHED = new Set([408, 502, 503, 504]);

/** Why a call of ours came to nothing. */
export function refusedCall(status: number): VoicePrintsError {
  if (MISMATCHES.has(status)) return codecMismatch();
  if (UNREACHED.has(status)) {
    const message = 'the called side does not answer; check its address, and the network';
    return new VoicePrintsError('SIP_UNREACHABLE', message, { details: { status } });
  }
  const message = `the called side refused the call with status ${status}; check who is called, or try again later`;
  return new VoicePrintsError('SIP_CALL_REFUSED', message, { details: { status } });
}

export const unanswered = (): VoicePrintsError =>
  new VoicePrintsError('SIP_CALL_REFUSED', 'it rang, but nobody answered; try again later', {
    details: { status: 480 },
  });
