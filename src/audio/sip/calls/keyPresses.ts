import type { RtpPacket } from '../rtp/rtpPacket.js';

/** Event codes 0 to 15 of RFC 4733, table 3. */
const DIGITS = '0123456789*#ABCD';
const PAYLOAD_BYTES = 4;

/** Keys pressed, from telephone-event packets. A press is sent many times, with one timestamp: emitted once. */
export class KeyPresses {
  #last: string | undefined;

  /** The digit of a press not emitted before. */
  digitOf({ ssrc, timestamp, payload }: RtpPacket): string | undefined {
    const digit = payload.length >= PAYLOAD_BYTES ? DIGITS[payload[0]!] : undefined;
    const press = `${ssrc}/${timestamp}`;
    if (!digit || press === this.#last) return undefined;
    this.#last = press;
    return digit;
  }
}

/** The digit of a SIP INFO with `application/dtmf-relay` (`Signal=5`) or `application/dtmf` (`5`). */
export function digitOfInfo(contentType: string | undefined, body: string): string | undefined {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/dtmf-relay' && type !== 'application/dtmf') return undefined;
  const said = /^\s*(?:signal\s*=\s*)?([0-9*#a-d]{1,2})\s*$/im.exec(body)?.[1]?.toUpperCase();
  if (!said) return undefined;
  if (said.length === 1) return said;
  return DIGITS[Number(said)]; // 10 is *, 11 is #: event codes instead of keys
}
