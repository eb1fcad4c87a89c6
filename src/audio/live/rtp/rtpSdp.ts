import { type MediaDescription, parse } from 'sdp-transform';
import { VoicePrintsError } from '../../../core/errors.js';
import type { RtpFormat } from '../../../core/liveSource.js';
import { RTP_ENCODINGS } from './rtpFormat.js';

/** Where RTP packets arrive, and what they hold. */
export interface RtpPort {
  readonly address: string;
  readonly port: number;
  readonly format: RtpFormat;
}

/** RFC 3551, table 4. */
const STATIC_PAYLOADS: Readonly<Record<number, RtpFormat>> = {
  0: { encoding: 'PCMU' },
  8: { encoding: 'PCMA' },
  9: { encoding: 'G722' },
  10: { encoding: 'L16', clockRateHz: 44_100, channels: 2 },
  11: { encoding: 'L16', clockRateHz: 44_100, channels: 1 },
  33: { encoding: 'MP2T' },
};

/** The first audio of a session description, else its first transport stream. Throws INPUT_INVALID. */
export function rtpPortOfSdp(sdp: string): RtpPort {
  const session = parse(sdp);
  const media = session.media.find(({ type }) => type === 'audio') ?? session.media.find(isTransportStream);
  if (!media || !(media.port > 0 && media.port < 65_536)) {
    throw new VoicePrintsError('INPUT_INVALID', 'the SDP names no audio with a port; it needs a line "m=audio PORT …"');
  }
  const payloads = `${media.payloads ?? ''}`.split(' ').map(Number);
  for (const payloadType of payloads) {
    const named = media.rtp.find(({ payload }) => payload === payloadType);
    const encoding = RTP_ENCODINGS.find((one) => one === `${named?.codec}`.toUpperCase()); // the parser makes numbers
    const format = named
      ? encoding && { encoding, clockRateHz: named.rate ?? 8_000, channels: Number(named.encoding ?? 1) }
      : STATIC_PAYLOADS[payloadType];
    if (!format) continue;
    return {
      address: listenAddress(media.connection?.ip ?? session.connection?.ip),
      port: media.port,
      format: { ...format, payloadType },
    };
  }
  throw new VoicePrintsError(
    'INPUT_INVALID',
    `the SDP names no encoding that can be received; these can: ${RTP_ENCODINGS.join(', ')}`,
  );
}

/** Described as pictures (RFC 3551, 5). */
const isTransportStream = ({ payloads, rtp }: MediaDescription): boolean =>
  payloads?.toString().split(' ')[0] === '33' || rtp.some(({ codec }) => `${codec}`.toUpperCase() === 'MP2T');

/** Whether an address is one of many listeners (multicast). */
export const isGroup = (address: string): boolean => /^(?:2(?:2[4-9]|3\d)\.|ff)/i.test(address);

/** A group is joined; any other address is the sender's idea of us. */
const listenAddress = (address: string | undefined): string => {
  const group = `${address ?? ''}`.split('/')[0]!;
  return isGroup(group) ? group : '0.0.0.0';
};
