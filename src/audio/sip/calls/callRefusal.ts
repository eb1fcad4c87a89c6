import type { IncomingRequestMessage } from 'sip.js/lib/core/index.js';
import { type ErrorCode, VoicePrintsError } from '../../../core/errors.js';
import { agreeOnOffer, readDescription } from '../signalling/sessionDescription.js';
import type { SipConfig, SipParty } from '../sipTypes.js';
import { codecMismatch } from './callMedia.js';

/** Why an incoming call is not answered: for the caller, and for the operator of this endpoint. */
export interface Refusal {
  readonly status: 403 | 415 | 420 | 486 | 488;
  readonly code: ErrorCode;
  /** What happened and, after a semicolon, what to do. */
  readonly message: string;
  readonly headers?: readonly string[];
}

const NOT_ALLOWED: Refusal = {
  status: 403,
  code: 'SIP_CALL_REFUSED',
  message: 'a caller who is not on the list was refused; add them to those who are answered, if they should be',
};
const ALL_BUSY: Refusal = {
  status: 486,
  code: 'SIP_BUSY',
  message: 'a call arrived while all lines were busy; allow more calls at once',
};
const NO_DESCRIPTION: Refusal = {
  status: 415,
  code: 'SIP_CALL_REFUSED',
  message: 'a call arrived without a description of its audio (SDP); check what the caller sends',
  headers: ['Accept: application/sdp'],
};
const MISMATCH: Refusal = {
  status: 488,
  code: 'SIP_CODEC_MISMATCH',
  message: 'a caller shares no codec or no encryption with us; allow another codec at the caller, or change srtp',
};
const EXTENSION: Refusal = {
  status: 420,
  code: 'SIP_CALL_REFUSED',
  message: 'a call requires a SIP extension that is not supported; turn it off at the caller (Require)',
};

const isAnswered = (answer: SipConfig['answer'], { user, host }: SipParty): boolean =>
  answer === 'all' || answer.includes(user) || answer.includes(`${user}@${host}`);

/** Why an incoming call is to be refused; undefined where it is to be answered. */
export function refusalOf(
  request: IncomingRequestMessage,
  caller: SipParty,
  config: SipConfig,
  callCount: number,
): Refusal | undefined {
  if (!isAnswered(config.answer, caller)) return NOT_ALLOWED;
  if (callCount >= config.maxCalls) return ALL_BUSY;
  if (!request.body) return undefined; // the other side leaves the offer to us
  if (!/^\s*application\/sdp\b/i.test(request.getHeader('content-type') ?? '')) return NO_DESCRIPTION;
  const remote = readDescription(request.body);
  return remote && agreeOnOffer(remote, config) ? undefined : MISMATCH;
}

/** @param unknown what the request requires and we do not know */
export const extensionRefusal = (unknown: readonly string[]): Refusal => ({
  ...EXTENSION,
  headers: [`Unsupported: ${unknown.join(', ')}`],
});

/** What a final answer to a call of ours means: its code, and the sentence for it. */
const MEANINGS: readonly {
  readonly statuses: readonly number[];
  readonly code: ErrorCode;
  readonly message: string;
}[] = [
  {
    statuses: [486, 600],
    code: 'SIP_BUSY',
    message: 'the called side is busy; try again later',
  },
  {
    statuses: [603, 607, 608],
    code: 'SIP_DECLINED',
    message: 'the called side declined the call; ask them to take it',
  },
  {
    statuses: [404, 410, 484, 485, 604],
    code: 'SIP_NOT_FOUND',
    message: 'this number or address does not exist; check the number',
  },
  {
    statuses: [401, 403, 407],
    code: 'SIP_UNAUTHORIZED',
    message: 'the called side requires authorization; check the account, its password and what it may call',
  },
  // 408 and 503 also from sip.js itself without an answer, and from proxies that reached no one.
  {
    statuses: [408, 502, 503, 504],
    code: 'SIP_UNREACHABLE',
    message: 'the called side does not answer; check its address, and the network',
  },
];
/** Statuses of "not with these codecs". */
const MISMATCHES = new Set([415, 488, 606]);

/** Why a call of ours came to nothing. */
export function refusedCall(status: number): VoicePrintsError {
  if (MISMATCHES.has(status)) return codecMismatch(status);
  const meaning = MEANINGS.find(({ statuses }) => statuses.includes(status));
  const { code, message } = meaning ?? {
    code: 'SIP_CALL_REFUSED',
    message: `the called side refused the call with status ${status}; check who is called, or try again later`,
  };
  return new VoicePrintsError(code, message, { details: { status } });
}

export const untrustedCall = (): VoicePrintsError =>
  new VoicePrintsError(
    'SIP_TLS_FAILED',
    'there is no secure connection to the called side; give the authority of its certificate or its fingerprint, and your own certificate where it asks for one',
  );

export const unanswered = (): VoicePrintsError =>
  new VoicePrintsError('SIP_CALL_REFUSED', 'the call was not answered; try again later', {
    details: { status: 480 },
  });
