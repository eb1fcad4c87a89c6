import { parse } from 'sdp-transform';

/** The description of a device, without its video. */
export interface SoundOnly {
  /** Whole description of the one track, with this as its address. */
  readonly sdp: (trackAddress: string) => string;
  /** Address of the track and of the whole, as the device names them. */
  readonly control: string | undefined;
  readonly sessionControl: string | undefined;
  /** e.g. `PCMU`, `MPEG4-GENERIC`; undefined where a payload type is unknown. */
  readonly encoding: string | undefined;
  readonly clockRateHz: number | undefined;
}

/** RFC 3551, tables 4 and 5, of those that bear sound. */
const STATIC_PAYLOADS: Readonly<Record<number, readonly [encoding: string, clockRateHz: number]>> = {
  0: ['PCMU', 8_000],
  3: ['GSM', 8_000],
  8: ['PCMA', 8_000],
  9: ['G722', 8_000],
  10: ['L16', 44_100],
  11: ['L16', 44_100],
  14: ['MPA', 90_000],
  33: ['MP2T', 90_000],
};
/** Directions and addresses are replaced by ours. */
const REPLACED = /^a=(?:control:|sendonly|recvonly|sendrecv|inactive)/i;
const MAX_TRACKS = 64;

interface Track {
  readonly lines: readonly string[];
  readonly type: string;
  readonly isSendOnly: boolean;
  readonly control: string | undefined;
  readonly encoding: string | undefined;
  readonly clockRateHz: number | undefined;
}

/**
 * Leaves the one track that bears the sound sent to us: pictures are never set up then, which spares the device, the
 * network and us most of the work. Where several offer sound, one marked `sendonly` is a loudspeaker (a back channel);
 * alone it is a device that writes its own view. An MPEG transport stream holds sound and pictures in one.
 *
 * @returns undefined where there is none
 */
export function soundOnly(sdp: string): SoundOnly | undefined {
  const [session = [], ...blocks] = blocksOf(sdp);
  const tracks = blocks.slice(0, MAX_TRACKS).map(trackOf);
  const sounds = tracks.filter(({ type, encoding }) => type === 'audio' && encoding !== 'MP2T');
  const chosen =
    sounds.find(({ isSendOnly }) => !isSendOnly) ?? tracks.find(({ encoding }) => encoding === 'MP2T') ?? sounds[0];
  if (!chosen) return undefined;
  const { lines, control, encoding, clockRateHz } = chosen;
  const range = session.filter((line) => /^a=(?:range|key-mgmt):/i.test(line));
  const kept = lines.filter((line, i) => i === 0 || (/^a=/i.test(line) && !REPLACED.test(line)));
  return {
    sdp: (address) =>
      ['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', 't=0 0', ...range, ...kept, `a=control:${address}`, ''].join('\r\n'),
    control,
    sessionControl: controlOf(session),
    encoding,
    clockRateHz,
  };
}

/** Lines before the first `m=`, then those of each. */
function blocksOf(sdp: string): readonly (readonly string[])[] {
  const blocks: string[][] = [[]];
  for (const line of sdp.split(/\r\n|\n|\r/)) {
    if (line.startsWith('m=')) blocks.push([]);
    if (line !== '') blocks.at(-1)!.push(line);
  }
  return blocks;
}

function trackOf(lines: readonly string[]): Track {
  const [media] = parse(`v=0\r\n${lines.join('\r\n')}\r\n`).media;
  const payload = Number(`${media?.payloads ?? ''}`.split(' ')[0]);
  const named = media?.rtp.find((one) => one.payload === payload);
  // The parser converts digits to numbers, against its types.
  const [encoding, clockRateHz] = named
    ? [`${named.codec}`.toUpperCase(), named.rate]
    : (STATIC_PAYLOADS[payload] ?? []);
  return {
    lines,
    type: media?.type ?? '',
    isSendOnly: media?.direction === 'sendonly',
    control: controlOf(lines),
    encoding,
    clockRateHz,
  };
}

const controlOf = (lines: readonly string[]): string | undefined =>
  lines.findLast((line) => /^a=control:/i.test(line))?.slice('a=control:'.length);
