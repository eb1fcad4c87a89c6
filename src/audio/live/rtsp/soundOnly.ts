import { parse } from 'sdp-transform';

/** What a device says it sends, without its pictures. */
export interface SoundOnly {
  readonly sdp: string;
  /** e.g. `PCMU`, `MPEG4-GENERIC`; undefined where a payload type is unknown. */
  readonly encoding: string | undefined;
  readonly clockRateHz: number | undefined;
}

/** RFC 3551, table 4, of those that microphones use. */
const STATIC_PAYLOADS: Readonly<Record<number, readonly [encoding: string, clockRateHz: number]>> = {
  0: ['PCMU', 8_000],
  3: ['GSM', 8_000],
  8: ['PCMA', 8_000],
  9: ['G722', 8_000],
  10: ['L16', 44_100],
  11: ['L16', 44_100],
  14: ['MPA', 90_000],
};

/**
 * Leaves the first sound that is sent to us in a session description: pictures are never set up then, which spares the
 * device, the network and us most of the work, and a back channel (`sendonly` as we would see it) is no sound.
 *
 * @returns undefined where there is none
 */
export function soundOnly(sdp: string): SoundOnly | undefined {
  const [session = '', ...blocks] = sdp.split(/^(?=m=)/m);
  const { media } = parse(sdp);
  const at = media.findIndex(({ type, direction, port }, i) => {
    return type === 'audio' && direction !== 'sendonly' && port !== undefined && blocks[i] !== undefined;
  });
  const chosen = media[at];
  if (!chosen) return undefined;
  const payload = Number(`${chosen.payloads ?? ''}`.split(' ')[0]);
  const named = chosen.rtp.find((one) => one.payload === payload);
  const [encoding, clockRateHz] = named ? [named.codec.toUpperCase(), named.rate] : (STATIC_PAYLOADS[payload] ?? []);
  return { sdp: session + blocks[at]!, encoding, clockRateHz };
}
