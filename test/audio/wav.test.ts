import { expect, test } from 'vitest';
import { blockBytesOf, type PcmCodec } from '../../src/audio/samples/pcm.js';
import { writeWav } from '../../src/audio/samples/wavWriter.js';
import { decode, glideAt, inPieces, isSame, likeness } from './glide.js';
import { wav } from './wavFile.js';

/** ITU-T G.711, written as encoders are: by search for the segment. */
function mulaw(amplitude: number): number {
  const sign = amplitude < 0 ? 0x80 : 0;
  const biased = Math.min(32_635, Math.round(Math.abs(amplitude) * 32_768)) + 132;
  const segment = Math.floor(Math.log2(biased)) - 7;
  return ~(sign | (segment << 4) | ((biased >> (segment + 3)) & 0x0f)) & 0xff;
}
function alaw(amplitude: number): number {
  const sign = amplitude < 0 ? 0 : 0x80;
  const magnitude = Math.min(32_767, Math.floor(Math.abs(amplitude) * 32_768));
  const segment = magnitude < 256 ? 0 : Math.floor(Math.log2(magnitude)) - 7;
  return (sign | (segment << 4) | ((magnitude >> (segment === 0 ? 4 : segment + 3)) & 0x0f)) ^ 0x55;
}

const WRITERS: Readonly<Record<PcmCodec, (out: Buffer, at: number, amplitude: number) => void>> = {
  u8: (out, at, x) => out.writeUInt8(Math.round(x * 127) + 128, at),
  s16le: (out, at, x) => out.writeInt16LE(Math.round(x * 32_767), at),
  s24le: (out, at, x) => out.writeIntLE(Math.round(x * 8_388_607), at, 3),
  s32le: (out, at, x) => out.writeInt32LE(Math.round(x * 2_147_483_647), at),
  f32le: (out, at, x) => out.writeFloatLE(x, at),
  f64le: (out, at, x) => out.writeDoubleLE(x, at),
  s16be: (out, at, x) => out.writeInt16BE(Math.round(x * 32_767), at),
  s24be: (out, at, x) => out.writeIntBE(Math.round(x * 8_388_607), at, 3),
  s32be: (out, at, x) => out.writeInt32BE(Math.round(x * 2_147_483_647), at),
  f32be: (out, at, x) => out.writeFloatBE(x, at),
  f64be: (out, at, x) => out.writeDoubleBE(x, at),
  mulaw: (out, at, x) => out.writeUInt8(mulaw(x), at),
  alaw: (out, at, x) => out.writeUInt8(alaw(x), at),
};

/** The glide in one codec; in several channels it is only in the first, so that the mean shows. */
function encode(codec: PcmCodec, rateHz: number, channels: number): Buffer {
  const blockBytes = blockBytesOf({ codec, sampleRateHz: rateHz, channels });
  const samples = glideAt(rateHz);
  const out = Buffer.alloc(samples.length * blockBytes);
  samples.forEach((sample, i) => {
    for (let channel = 0; channel < channels; channel += 1) {
      WRITERS[codec](out, i * blockBytes + (channel * blockBytes) / channels, channel === 0 ? sample : 0);
    }
  });
  return out;
}

const TAGS: Readonly<Record<Exclude<PcmCodec, `${string}be`>, { tag: number; bits: number }>> = {
  u8: { tag: 1, bits: 8 },
  s16le: { tag: 1, bits: 16 },
  s24le: { tag: 1, bits: 24 },
  s32le: { tag: 1, bits: 32 },
  f32le: { tag: 3, bits: 32 },
  f64le: { tag: 3, bits: 64 },
  mulaw: { tag: 7, bits: 8 },
  alaw: { tag: 6, bits: 8 },
};
const CODECS = Object.keys(TAGS) as (keyof typeof TAGS)[];

/** Root mean square of the difference, edges left out. */
function distance(a: Float32Array, b: Float32Array): number {
  let power = 0;
  for (let i = 400; i < b.length - 400; i += 1) power += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(power / b.length);
}
// Quantising: 1/128 and G.711 about 1 %; others far below.
const tolerance = (codec: PcmCodec): number => (['u8', 'mulaw', 'alaw'].includes(codec) ? 0.01 : 0.0005);

test.each(CODECS.flatMap((codec) => [8_000, 16_000, 44_100].map((rateHz) => ({ codec, rateHz }))))(
  'WAV: $codec at $rateHz Hz',
  async ({ codec, rateHz }) => {
    const bytes = wav({ ...TAGS[codec], rateHz, data: encode(codec, rateHz, 1) });
    const decoded = await decode({ kind: 'bytes', bytes });
    expect(decoded.format).toEqual({ container: 'wav', codec, sampleRateHz: rateHz, channels: 1, durationMs: 2_000 });
    expect(decoded.report).toEqual({ samples: 32_000, isPartial: false });
    expect(distance(decoded.samples, glideAt(16_000))).toBeLessThan(tolerance(codec));
  },
);

test.each([
  { name: 'stereo', channels: 2 },
  { name: '12 channels', channels: 12 },
  { name: '32 channels', channels: 32 },
])('WAV: $name are averaged', async ({ channels }) => {
  const data = encode('s24le', 22_050, channels);
  const bytes = wav({ ...TAGS.s24le, rateHz: 22_050, channels, data });
  const decoded = await decode({ kind: 'bytes', bytes });
  expect(
    distance(
      decoded.samples,
      glideAt(16_000).map((sample) => sample / channels),
    ),
  ).toBeLessThan(0.0005);
});

test.each([
  { name: 'extensible', parts: { isExtensible: true } },
  { name: 'RF64', parts: { isRf64: true } },
  { name: 'RF64 of a streaming writer', parts: { isRf64: true, dataBytes: 0 } },
  { name: 'size 0', parts: { dataBytes: 0, riffBytes: 0 } },
  { name: 'size 0xFFFFFFFF', parts: { dataBytes: 0xffff_ffff, riffBytes: 0xffff_ffff } },
  {
    name: 'a chunk of odd length before the format',
    parts: { before: Buffer.from('LIST\x05\x00\x00\x00abcde\x00', 'latin1') },
  },
  { name: 'a chunk after the data', parts: { after: Buffer.from('LIST\x04\x00\x00\x00INFO', 'latin1') } },
])('WAV: $name', async ({ parts }) => {
  const bytes = wav({ ...parts, data: encode('s16le', 16_000, 1) });
  for (const source of [{ kind: 'bytes', bytes } as const, { kind: 'stream', stream: inPieces(bytes, 777) } as const]) {
    const decoded = await decode(source);
    expect(decoded.report).toEqual({ samples: 32_000, isPartial: false });
    expect(distance(decoded.samples, glideAt(16_000))).toBeLessThan(0.0001);
  }
});

test.each([1, 3, 1_000, 65_537])('any cut of the stream gives the same bits: pieces of %i bytes', async (size) => {
  const recording = wav({ ...TAGS.s24le, rateHz: 11_025, channels: 3, data: encode('s24le', 11_025, 3) });
  const bytes = recording.subarray(0, 20_000 * size); // a step of the event loop for each piece: 20,000 are enough
  const whole = await decode({ kind: 'bytes', bytes });
  const pieces = await decode({ kind: 'stream', stream: inPieces(bytes, size) });
  expect(isSame(pieces.samples, whole.samples)).toBe(true);
});

test.each(['s16le', 'mulaw', 'alaw'] as const)('headerless %s with its format', async (encoding) => {
  const rawFormat = { encoding, sampleRateHz: 8_000, channels: 2 };
  const decoded = await decode({ kind: 'bytes', bytes: encode(encoding, 8_000, 2), rawFormat });
  expect(decoded.format).toEqual({
    container: 'raw',
    codec: encoding,
    sampleRateHz: 8_000,
    channels: 2,
    durationMs: 2_000,
  });
  expect(likeness(decoded.samples, glideAt(16_000)).correlation).toBeGreaterThan(0.999);
});

test('a header is believed before the given raw format', async () => {
  const rawFormat = { encoding: 'mulaw', sampleRateHz: 8_000, channels: 2 } as const;
  const decoded = await decode({ kind: 'bytes', bytes: writeWav(glideAt(16_000), 16_000), rawFormat });
  expect(decoded.format.container).toBe('wav');
  expect(decoded.samples.length).toBe(32_000);
});

test('A-law silence is no text', async () => {
  const rawFormat = { encoding: 'alaw', sampleRateHz: 8_000, channels: 1 } as const;
  const decoded = await decode({ kind: 'bytes', bytes: new Uint8Array(8_000).fill(0x55), rawFormat });
  expect(decoded.samples.length).toBe(16_000);
});

test('NaN and infinity in a float file do no harm', async () => {
  const data = Buffer.alloc(4 * 22_050);
  [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30].forEach((value, i) => {
    data.writeFloatLE(value, 400 * i);
  });
  const decoded = await decode({ kind: 'bytes', bytes: wav({ ...TAGS.f32le, rateHz: 22_050, data }) });
  expect(decoded.samples.every((sample) => sample >= -1 && sample <= 1)).toBe(true);
});

test('writeWav: read back within half a step, clipped outside [-1, 1]', async () => {
  const samples = Float32Array.of(0, 0.25, -0.25, 1, -1, 2, -2);
  const decoded = await decode({ kind: 'bytes', bytes: writeWav(samples, 16_000) });
  const clipped = samples.map((sample) => Math.max(-1, Math.min(32_767 / 32_768, sample)));
  decoded.samples.forEach((sample, i) => {
    expect(Math.abs(sample - clipped[i]!)).toBeLessThanOrEqual(0.5 / 32_768);
  });
});

test('broken WAV headers give frames or a VoicePrintsError, never anything else', async () => {
  let state = 12_345;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes' generator
    return Math.floor((state / 2 ** 32) * below);
  };
  const outcomes = { decoded: 0, refused: 0 };
  const options = { gstLaunchCommand: 'voice-prints-test-no-such-command' };
  for (let round = 0; round < 400; round += 1) {
    const broken = Buffer.from(wav({ isExtensible: round % 2 === 0, isRf64: round % 3 === 0 }));
    for (let flips = random(4); flips >= 0; flips -= 1) broken[random(80)]! ^= 1 << random(8);
    const bytes = random(3) === 0 ? broken.subarray(0, random(broken.length)) : broken;
    const source =
      round % 2 === 0
        ? ({ kind: 'bytes', bytes } as const)
        : ({ kind: 'stream', stream: inPieces(bytes, 100) } as const);
    await decode(source, options).then(
      () => (outcomes.decoded += 1),
      (error) => {
        expect(error.name, String(error.stack)).toBe('VoicePrintsError');
        expect(error.code).not.toBe('INTERNAL');
        outcomes.refused += 1;
      },
    );
  }
  expect(outcomes.decoded).toBeGreaterThan(20);
  expect(outcomes.refused).toBeGreaterThan(20);
});
