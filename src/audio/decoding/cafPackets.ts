import type { ByteSource } from '../byteSource.js';
import { type AacConfig, aacConfig } from '../headers/aacConfig.js';
import type { CafHeader } from '../headers/cafHeader.js';
import { OggWriter } from './oggWriter.js';

/** Compressed audio out of a Core Audio file, in a container that decoders take. */
export interface Repacked {
  readonly container: 'ogg' | 'aac';
  readonly codec: 'opus' | 'aac';
  chunks(): AsyncGenerator<Uint8Array>;
}

/** Undefined for an unknown codec. */
export function repackCaf(source: ByteSource, header: CafHeader): Repacked | undefined {
  if (header.format === 'opus') {
    return { container: 'ogg', codec: 'opus', chunks: () => oggOf(source, header) };
  }
  const config = header.format === 'aac ' ? aacConfig(header.cookie) : undefined;
  // ADTS has two bits for the kind of AAC, and no field for a custom rate or channel layout.
  if (!config || config.objectType > 4 || config.rateIndex > 12 || config.channels === undefined) return undefined;
  return { container: 'aac', codec: 'aac', chunks: () => adtsOf(source, header, config) };
}

async function* oggOf(source: ByteSource, header: CafHeader): AsyncGenerator<Uint8Array> {
  const { sampleRateHz, channels, framesPerPacket, packetTable } = header;
  const in48k = (frames: number) => Math.round((frames * 48_000) / sampleRateHz);
  const ogg = new OggWriter();
  const preSkip = in48k(packetTable?.primingFrames ?? 0);
  yield ogg.opusHead({ channels, preSkip, sampleRateHz });
  yield ogg.opusTags();
  // The last page's position takes away what the encoder put behind the sound.
  const end = packetTable ? in48k(packetTable.primingFrames + packetTable.validFrames) : Number.POSITIVE_INFINITY;
  let position = 0;
  for await (const packet of packetsOf(source, header)) {
    position += in48k(framesPerPacket);
    yield* ogg.packet(packet, Math.min(position, end));
  }
  yield ogg.end();
}

async function* adtsOf(source: ByteSource, header: CafHeader, config: AacConfig): AsyncGenerator<Uint8Array> {
  for await (const packet of packetsOf(source, header))
    yield Buffer.concat([adtsHeader(packet.length, config), packet]);
}

async function* packetsOf(source: ByteSource, header: CafHeader): AsyncGenerator<Uint8Array> {
  const { dataStart, dataBytes = Number.POSITIVE_INFINITY } = header;
  let at = dataStart;
  for (const size of sizesOf(header)) {
    if (at + size > dataStart + dataBytes) return;
    const packet = await source.readAt(at, size);
    if (packet.length < size) return;
    yield packet;
    at += size;
  }
}

function* sizesOf({ bytesPerPacket, framesPerPacket, packetTable }: CafHeader): Generator<number> {
  if (bytesPerPacket > 0) for (;;) yield bytesPerPacket;
  const sizes = packetTable?.sizes ?? new Uint8Array(0);
  const next = (at: number): readonly [value: number, next: number] => {
    let value = 0;
    for (let i = at; i < sizes.length; i += 1) {
      value = value * 128 + (sizes[i]! & 0x7f);
      if (!(sizes[i]! & 0x80)) return [value, i + 1];
    }
    return [0, sizes.length];
  };
  for (let at = 0; at < sizes.length; ) {
    const [size, after] = next(at);
    at = framesPerPacket === 0 ? next(after)[1] : after; // else each size is followed by a number of frames
    if (size === 0) return;
    yield size;
  }
}

/** ISO 13818-7 §6.2, without a checksum. */
function adtsHeader(payloadBytes: number, { objectType, rateIndex, channelConfig }: AacConfig): Uint8Array {
  const bytes = payloadBytes + 7;
  return Uint8Array.of(
    0xff,
    0xf1,
    ((objectType - 1) << 6) | (rateIndex << 2) | (channelConfig >> 2),
    ((channelConfig & 3) << 6) | (bytes >> 11),
    (bytes >> 3) & 0xff,
    ((bytes & 7) << 5) | 0x1f,
    0xfc,
  );
}
