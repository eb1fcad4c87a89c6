import type { LiveFormat } from '../../../core/live.js';
import type { RtpFormat } from '../../../core/liveSource.js';
import type { PipelinePart } from '../pipeline/pipeline.js';

/** How packets of an encoding are named in caps, taken apart and decoded. */
interface RtpDecoding {
  readonly clockRateHz: number;
  readonly isNarrowBand: boolean;
  readonly parts: readonly PipelinePart[];
}

/** Of those that GStreamer takes from the network; transport streams are taken by ourselves. */
type PacketEncoding = Exclude<RtpFormat['encoding'], 'MP2T'>;

/** RFC 3551: the clock of G.722 is 8,000 although its audio has 16,000. RFC 7587: that of Opus is always 48,000. */
const DECODINGS: Readonly<Record<PacketEncoding, RtpDecoding>> = {
  PCMU: { clockRateHz: 8_000, isNarrowBand: true, parts: ['rtppcmudepay', 'mulawdec'] },
  PCMA: { clockRateHz: 8_000, isNarrowBand: true, parts: ['rtppcmadepay', 'alawdec'] },
  G722: { clockRateHz: 8_000, isNarrowBand: false, parts: ['rtpg722depay', 'avdec_g722'] },
  OPUS: {
    clockRateHz: 48_000,
    isNarrowBand: false,
    parts: ['rtpopusdepay', ['opusdec', { plc: 'true', 'use-inband-fec': 'true' }]],
  },
  L16: { clockRateHz: 16_000, isNarrowBand: false, parts: ['rtpL16depay'] },
};

export const RTP_ENCODINGS: readonly RtpFormat['encoding'][] = [
  ...(Object.keys(DECODINGS) as readonly PacketEncoding[]),
  'MP2T',
];

/** A format but for transport streams. */
export type PacketFormat = RtpFormat & { readonly encoding: PacketEncoding };

export const isPacketFormat = (format: RtpFormat): format is PacketFormat => format.encoding !== 'MP2T';

const clockRateOf = ({ encoding, clockRateHz }: PacketFormat): number => clockRateHz ?? DECODINGS[encoding].clockRateHz;

/** Whether audio of this format has telephone bandwidth. */
export const isNarrowBandRtp = (format: PacketFormat): boolean =>
  DECODINGS[format.encoding].isNarrowBand || (format.encoding === 'L16' && clockRateOf(format) < 16_000);

/** Caps of packets of this format. */
export function rtpCaps(format: PacketFormat): string {
  const { encoding, channels = 1, payloadType } = format;
  const fields = [`clock-rate=${clockRateOf(format)}`, `encoding-name=${encoding}`];
  if (encoding === 'L16') fields.push(`channels=${channels}`, `encoding-params=(string)${channels}`);
  if (payloadType !== undefined) fields.push(`payload=${payloadType}`);
  return ['application/x-rtp', 'media=audio', ...fields].join(',');
}

/** From packets in order to samples. */
export const rtpDecoding = ({ encoding }: PacketFormat): readonly PipelinePart[] => DECODINGS[encoding].parts;

/** What a description of RTP says, in words that people know; undefined for names that no encoding has. */
export function rtpLiveFormat(encoding: string, clockRateHz: number | undefined): LiveFormat | undefined {
  if (!/^[\w.-]{1,32}$/.test(encoding)) return undefined;
  if (encoding === 'MP2T') return { encoding: 'MPEG-TS' };
  const name = /^(MPEG4-GENERIC|MP4A-LATM)$/i.test(encoding) ? 'AAC' : encoding;
  const sampleRateHz = encoding === 'G722' ? 16_000 : clockRateHz;
  return { encoding: name, ...(sampleRateHz !== undefined && { sampleRateHz }) };
}
