import type { IncomingRequestMessage, IncomingResponseMessage } from 'sip.js/lib/core/index.js';

/** RFC 4028, 5: shorter intervals cost more than they help. */
export const MIN_SESSION_SECONDS = 90;
/** What is asked for, RFC 4028, 4.2. */
export const SESSION_SECONDS = 1_800;
/** A day; who wants it longer gets this. */
export const MAX_SESSION_SECONDS = 86_400;

type Message = IncomingRequestMessage | IncomingResponseMessage;

/** For how long a call counts as alive without a confirmation, and whose task that is. */
export interface SessionInterval {
  readonly seconds: number;
  /** We confirm; else the other side. */
  readonly isOurs: boolean;
}

/** Session-Expires as it was written; undefined where there is none that can be read. */
function sessionExpires(message: Message): { readonly seconds: number; readonly refresher?: string } | undefined {
  const text = message.getHeader('session-expires') ?? message.getHeader('x') ?? '';
  const [, seconds, params = ''] = /^\s*(\d{1,9})\s*(;.*)?$/.exec(text) ?? [];
  const refresher = /;\s*refresher\s*=\s*"?(uac|uas)\b/i.exec(params)?.[1]?.toLowerCase();
  return seconds === undefined ? undefined : { seconds: Number(seconds), ...(refresher && { refresher }) };
}

const isTimerSupported = (message: Message): boolean =>
  [...message.getHeaders('supported'), ...message.getHeaders('k')].some((line) =>
    line.split(',', 64).some((option) => option.trim().toLowerCase() === 'timer'),
  );

/** Whether a request asks for an interval that is too short, of a side that understands the refusal (RFC 4028, 9). */
export const isTooBrief = (request: IncomingRequestMessage): boolean =>
  (request.method === 'INVITE' || request.method === 'UPDATE') &&
  (sessionExpires(request)?.seconds ?? MIN_SESSION_SECONDS) < MIN_SESSION_SECONDS &&
  isTimerSupported(request);

/**
 * What comes of a request that confirms a call, or begins it: what our answer has to say, and what holds from then on.
 *
 * @param before what held until now; it goes on where the request says nothing
 */
export function intervalForRequest(
  request: IncomingRequestMessage,
  before?: SessionInterval,
): { readonly interval: SessionInterval | undefined; readonly headers: readonly string[] } {
  const isTheirs = isTimerSupported(request);
  const asked =
    sessionExpires(request) ?? (before && { seconds: before.seconds, refresher: before.isOurs ? 'uas' : 'uac' });
  if (!asked || asked.seconds < MIN_SESSION_SECONDS) return { interval: before, headers: [] };
  const seconds = Math.min(asked.seconds, MAX_SESSION_SECONDS);
  const isOurs = !isTheirs || asked.refresher === 'uas';
  const headers = [`Session-Expires: ${seconds};refresher=${isOurs ? 'uas' : 'uac'}`];
  return { interval: { seconds, isOurs }, headers: isOurs ? headers : [...headers, 'Require: timer'] };
}

/** What holds after a request of ours was accepted; undefined: the other side wants no timer. */
export function intervalOfAnswer(response: IncomingResponseMessage): SessionInterval | undefined {
  const granted = sessionExpires(response);
  if (!granted) return undefined;
  const seconds = Math.max(MIN_SESSION_SECONDS, Math.min(granted.seconds, MAX_SESSION_SECONDS));
  return { seconds, isOurs: granted.refresher !== 'uas' };
}

/** What a 422 wants at least; undefined where that cannot be read, or is more than a day. */
export function leastSeconds(response: IncomingResponseMessage): number | undefined {
  const seconds = Number(/^\s*(\d{1,9})\s*(?:;|$)/.exec(response.getHeader('min-se') ?? '')?.[1]);
  return seconds > 0 && seconds <= MAX_SESSION_SECONDS ? seconds : undefined;
}

/** What a request of ours says that begins a call (no refresher: the other side decides), or confirms it. */
export const intervalHeaders = (seconds: number, leastHere: number, refresher?: 'uac' | 'uas'): string[] => [
  `Session-Expires: ${seconds}${refresher ? `;refresher=${refresher}` : ''}`,
  `Min-SE: ${leastHere}`,
];
