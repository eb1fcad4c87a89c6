import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { OpusDecoder } from '../../src/audio/decoding/opusDecoder.js';
import { OpusPackets } from '../../src/audio/live/rtp/opusPackets.js';
import { createPayloadDecoder } from '../../src/audio/sip/codecs/payloadDecoder.js';
import { oggPackets } from '../support/oggPackets.js';

const packets = oggPackets(readFileSync(new URL('../fixtures/audio/glide.opus', import.meta.url))).slice(2);

afterEach(() => vi.restoreAllMocks());

/** Silk, 20 ms, mono: the first byte of a packet whose frames the test makes up. */
const TOC = 0b01001_0_00;

const MALFORMED = {
  'nothing at all': Buffer.alloc(0),
  '20 kB in one frame': Buffer.concat([Buffer.of(TOC), Buffer.alloc(20_000, 7)]),
  'an Ogg page': Buffer.concat([Buffer.from('OggS\0\x02'), Buffer.alloc(4_000)]),
  'two frames of one length, an odd rest': Buffer.of(TOC | 1, 1, 2, 3),
  'a first frame longer than the packet': Buffer.of(TOC | 2, 200, 1),
  'no frames': Buffer.of(TOC | 3, 0),
  'more than 120 ms': Buffer.concat([Buffer.of(TOC | 3, 7), Buffer.alloc(70)]),
  'padding longer than the packet': Buffer.of(TOC | 3, 0x41, 255, 255, 255, 1),
  'lengths without frames': Buffer.of(TOC | 3, 0x80 | 3, 251, 251),
};

test.each(Object.entries(MALFORMED))(
  '%s: no packet, and nothing is printed; the next one is decoded',
  async (_name, bytes) => {
    const printed = vi.spyOn(console, 'error');
    using packetDecoder = await OpusDecoder.open();
    expect(packetDecoder.decode(bytes)).toBeUndefined();
    expect(packetDecoder.decode(packets[0]!)).toHaveLength(320);
    using streamed = await OpusPackets.open();
    expect(() => streamed.decode(bytes)).toThrowError(expect.objectContaining({ code: 'AUDIO_CORRUPT' }));
    const inCall = await createPayloadDecoder('opus');
    expect(inCall.decode(bytes)).toBeUndefined();
    inCall.free();
    expect(printed).not.toHaveBeenCalled();
  },
);

test('every packet of an encoder is one', async () => {
  using decoder = await OpusDecoder.open();
  for (const packet of packets) expect(decoder.decode(packet)?.length).toBeGreaterThan(0);
});

test('a valid packet larger than the library takes at once is decoded frame by frame', async () => {
  using decoder = await OpusDecoder.open();
  const frame = Buffer.alloc(1_200, 0x55);
  const celt20ms = 0b11111_0_00;
  const samples = decoder.decode(Buffer.concat([Buffer.of(celt20ms | 3, 6), ...Array<Buffer>(6).fill(frame)]));
  expect(samples).toHaveLength(6 * 320);
});

test.each([0, 1, 2, 3])('bytes without sense under code %i never throw', async (code) => {
  using decoder = await OpusDecoder.open();
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return seed >> 8;
  };
  for (let i = 0; i < 500; i += 1) {
    const bytes = Buffer.from(Array.from({ length: random() % 300 }, () => random() & 0xff));
    if (bytes.length > 0) bytes[0] = (bytes[0]! & 0xfc) | code;
    const samples = decoder.decode(bytes);
    expect(samples === undefined || samples.length <= 1_920).toBe(true);
  }
});
