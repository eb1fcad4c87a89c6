import { ENGINE_SAMPLE_RATE_HZ } from '../../../core/audioFrame.js';
import type { UdpSource } from '../../../core/liveSource.js';
import { RAW_SAMPLE_BYTES, type RawFormat } from '../../../core/recording.js';

const USUAL: RawFormat = { encoding: 's16le', sampleRateHz: ENGINE_SAMPLE_RATE_HZ, channels: 1 };

/** How the samples of a source lie in its datagrams. */
export const formatOf = ({ rawFormat = USUAL }: UdpSource): RawFormat => rawFormat;

/** The whole samples of a datagram: what follows a cut one would be noise, since the rest may never come. */
export function wholeSamples(datagram: Uint8Array, { encoding, channels }: RawFormat): Uint8Array {
  const blockBytes = RAW_SAMPLE_BYTES[encoding] * channels;
  return datagram.subarray(0, datagram.length - (datagram.length % blockBytes));
}

export const lengthMsOf = (bytes: Uint8Array, { encoding, channels, sampleRateHz }: RawFormat): number =>
  (1_000 * bytes.length) / (RAW_SAMPLE_BYTES[encoding] * channels * sampleRateHz);
