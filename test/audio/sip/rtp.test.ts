import { createCipheriv, createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { digitOfInfo, KeyPresses } from '../../../src/audio/sip/calls/keyPresses.js';
import { MediaSource } from '../../../src/audio/sip/calls/mediaSource.js';
import { GapResampler } from '../../../src/audio/sip/rtp/gapResampler.js';
import { JitterBuffer } from '../../../src/audio/sip/rtp/jitterBuffer.js';
import { isRtcp, parseRtp, type RtpPacket } from '../../../src/audio/sip/rtp/rtpPacket.js';
import { RtpTimeline } from '../../../src/audio/sip/rtp/rtpTimeline.js';
import { SrtpReceiver, sessionKey } from '../../../src/audio/sip/rtp/srtpReceiver.js';

const packet = (sequence: number, more: Partial<RtpPacket> = {}): RtpPacket => ({
  payloadType: 0,
  sequence: sequence & 0xffff,
  timestamp: 160 * sequence,
  ssrc: 1,
  payload: Buffer.alloc(160),
  ...more,
});

describe('the jitter buffer', () => {
  /** Packets arrive 20 ms apart. */
  const through = (sequences: readonly number[]) => {
    const buffer = new JitterBuffer();
    const out: number[] = [];
    let nowMs = 0;
    for (const sequence of sequences) {
      nowMs += 20;
      for (const next of buffer.push(packet(sequence), nowMs)) out.push(next.sequence);
      for (const next of buffer.expire(nowMs)) out.push(next.sequence);
    }
    for (const next of buffer.flush()) out.push(next.sequence);
    return { out, lost: buffer.lost, late: buffer.late };
  };

  test.each([
    { name: 'in order', arrive: [1, 2, 3], out: [1, 2, 3], lost: 0, late: 0 },
    { name: 'two exchanged', arrive: [1, 3, 2, 4], out: [1, 2, 3, 4], lost: 0, late: 0 },
    { name: 'one lost', arrive: [1, 3, 4, 5, 6, 7, 8, 9], out: [1, 3, 4, 5, 6, 7, 8, 9], lost: 1, late: 0 },
    { name: 'one too late', arrive: [1, 3, 4, 5, 6, 7, 8, 2, 9], out: [1, 3, 4, 5, 6, 7, 8, 9], lost: 1, late: 1 },
    { name: 'every one twice', arrive: [1, 1, 2, 2, 3, 3], out: [1, 2, 3], lost: 0, late: 0 },
    { name: 'over the wrap', arrive: [65_534, 0, 65_535, 1], out: [65_534, 65_535, 0, 1], lost: 0, late: 0 },
    {
      name: 'a sender that began anew',
      arrive: [9, 10, 40_000, 40_001, 40_002],
      out: [9, 10, 40_001, 40_002],
      lost: 0,
      late: 0,
    },
    { name: 'one stray packet from far away', arrive: [9, 10, 40_000, 11, 12], out: [9, 10, 11, 12], lost: 0, late: 0 },
  ])('$name', ({ arrive, out, lost, late }) => {
    expect(through(arrive)).toEqual({ out, lost, late });
  });

  test('what waits for a packet that never comes is bounded', () => {
    const buffer = new JitterBuffer();
    const out = [...buffer.push(packet(0), 0)];
    for (let sequence = 2; sequence < 500; sequence += 1) out.push(...buffer.push(packet(sequence), 0));
    expect(out.length).toBe(499);
  });
});

describe('the time line', () => {
  /** Milliseconds of arrival and ticks at 8 kHz of packets of 20 ms; answers where each stands. */
  const placed = (packets: readonly (readonly [nowMs: number, ticks: number])[]) => {
    const line = new RtpTimeline();
    return packets.map(([nowMs, ticks]) => line.place(ticks >>> 0, 8_000, 320, nowMs));
  };
  const steady = (count: number, fromMs: number, fromTicks: number): [number, number][] =>
    Array.from({ length: count }, (_, i) => [fromMs + 20 * i, fromTicks + 160 * i]);

  test('a lost packet leaves its time, to the sample', () => {
    expect(placed([...steady(2, 0, 1_000), [60, 1_480]])).toEqual([0, 320, 960]);
  });
  test('late and early packets stand where their timestamps say', () => {
    expect(
      placed([
        [0, 0],
        [90, 160],
        [91, 320],
        [92, 480],
      ]),
    ).toEqual([0, 320, 640, 960]);
  });
  test('timestamps wrap', () => {
    expect(
      placed([
        [0, 2 ** 32 - 160],
        [20, 2 ** 32],
        [40, 2 ** 32 + 160],
      ]),
    ).toEqual([0, 320, 640]);
  });
  test('silence that is not sent keeps its time', () => {
    expect(
      placed([
        [0, 0],
        [10_000, 80_000],
      ]),
    ).toEqual([0, 160_000]);
  });
  test('timestamps that jump are no gap of a day', () => {
    expect(
      placed([
        [0, 0],
        [20, 1_900_000_000],
        [40, 1_900_000_160],
      ]),
    ).toEqual([0, 320, 640]);
    expect(
      placed([
        [0, 1_900_000_000],
        [20, 0],
        [40, 160],
      ]),
    ).toEqual([0, 320, 640]);
  });
  test('a sender whose timestamps stood still is moved on to the clock', () => {
    const after = placed([...steady(10, 0, 0), ...steady(150, 10_200, 1_600)]);
    expect(after[10]).toBe(3_200);
    expect(after.at(-1)).toBe(16 * (10_200 + 149 * 20));
  });
  test('a backlog after a freeze is not', () => {
    const burst = Array.from({ length: 300 }, (_, i): [number, number] => [6_000 + i / 10, 160 * i]);
    const after = placed([...burst, ...steady(200, 6_040, 48_000)]);
    expect(after.at(-1)).toBe(320 * 499);
  });
  test('another codec clock goes on after what came before', () => {
    const line = new RtpTimeline();
    line.place(0, 8_000, 320, 0);
    expect(line.place(777, 48_000, 320, 40)).toBe(640);
    expect(line.place(777 + 960, 48_000, 320, 60)).toBe(960);
  });
});

test('audio at 8 kHz keeps its place through losses and long gaps, and gaps hold nothing', () => {
  const tone = (from: number, count: number) =>
    Float32Array.from({ length: count }, (_, i) => Math.sin((2 * Math.PI * 440 * (from + i)) / 8_000) / 2);
  const resampler = new GapResampler(0);
  const pieces = [
    ...resampler.push(tone(0, 1_600), 0),
    ...resampler.push(tone(1_760, 1_600), 3_520), // 20 ms lost
    ...resampler.push(tone(81_760, 1_600), 163_520), // ten seconds of silence
    ...resampler.flush(),
  ];
  const heard = new Map<number, number>();
  for (const { samples, startSample } of pieces)
    for (const [i, value] of samples.entries()) heard.set(startSample + i, value);
  expect(heard.size).toBe(9_600);
  for (const [at, value] of heard) {
    const isInside = [0, 3_520, 163_520].some((start) => at >= start + 100 && at < start + 3_100);
    if (isInside) expect(Math.abs(value - Math.sin((2 * Math.PI * 440 * at) / 16_000) / 2)).toBeLessThan(0.002);
  }
});

describe('RTP packets', () => {
  const header = [0x80, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
  test.each([
    { name: 'plain', bytes: [...header, 7, 8], payload: [7, 8] },
    { name: 'with padding', bytes: [0xa0, ...header.slice(1), 7, 0, 2], payload: [7] },
    { name: 'with a contributing source', bytes: [0x81, ...header.slice(1), 9, 9, 9, 9, 7], payload: [7] },
    { name: 'with an extension', bytes: [0x90, ...header.slice(1), 0, 0, 0, 1, 9, 9, 9, 9, 7], payload: [7] },
    { name: 'too short', bytes: header.slice(1), payload: undefined },
    { name: 'another version', bytes: [0x40, ...header.slice(1), 7], payload: undefined },
    { name: 'more padding than packet', bytes: [0xa0, ...header.slice(1), 200], payload: undefined },
    { name: 'an extension beyond the end', bytes: [0x90, ...header.slice(1), 0, 0, 0xff, 0xff], payload: undefined },
  ])('$name', ({ bytes, payload }) => {
    expect(parseRtp(Buffer.from(bytes))?.payload).toEqual(payload && Buffer.from(payload));
  });
  test('RTCP on the same port is distinguished', () => {
    expect(isRtcp(Buffer.from([0x80, 200, 0, 1, 0, 0, 0, 0]))).toBe(true);
    expect(isRtcp(Buffer.from([0x80, 128, ...header.slice(2)]))).toBe(false);
  });
});

describe('SRTP', () => {
  // RFC 3711, B.3.
  const master = {
    key: Buffer.from('E1F97A0D3E018BE0D64FA32C06DE4139', 'hex'),
    salt: Buffer.from('0EC675AD498AFEEBB6960B3AABE6', 'hex'),
  };
  test('keys are derived as in RFC 3711, B.3', () => {
    expect(sessionKey(master, 0, 16).toString('hex').toUpperCase()).toBe('C61E7A93744F39EE10734AFE3FF7A087');
    expect(sessionKey(master, 2, 14).toString('hex').toUpperCase()).toBe('30CBBC08863D8C85D49DB34A9AE1');
    expect(sessionKey(master, 1, 20).toString('hex').toUpperCase()).toBe('CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4');
  });

  /** A sender, after RFC 3711, 4.1.1 and 4.2. */
  const sealed = (index: number, payload: Buffer) => {
    const header = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
    header.writeUInt16BE(index & 0xffff, 2);
    const iv = Buffer.concat([sessionKey(master, 2, 14), Buffer.alloc(2)]);
    const mask = Buffer.alloc(16);
    mask.writeUInt32BE(9, 4);
    mask.writeUIntBE(index, 8, 6);
    for (let i = 0; i < 16; i += 1) iv[i]! ^= mask[i]!;
    const body = Buffer.concat([header, createCipheriv('aes-128-ctr', sessionKey(master, 0, 16), iv).update(payload)]);
    const rollovers = Buffer.alloc(4);
    rollovers.writeUInt32BE(Math.floor(index / 65_536));
    const tag = createHmac('sha1', sessionKey(master, 1, 20))
      .update(body)
      .update(rollovers)
      .digest();
    return Buffer.concat([body, tag.subarray(0, 10)]);
  };

  test('packets open over a wrap of their numbers, lost ones and late ones included; forged ones do not', () => {
    const receiver = new SrtpReceiver(master);
    const payload = Buffer.from('not for everybody');
    for (const index of [65_000, 65_535, 65_700, 65_534, 66_000, 98_000, 130_000, 131_072]) {
      expect(receiver.open(sealed(index, payload))?.subarray(12), String(index)).toEqual(payload);
    }
    const forged = sealed(131_073, payload);
    forged[14]! ^= 1;
    expect(receiver.open(forged)).toBeUndefined();
    expect(receiver.open(Buffer.alloc(15))).toBeUndefined();
    expect(receiver.open(sealed(131_074, payload))?.subarray(12)).toEqual(payload);
  });
});

test('a key press is emitted once, however often it is sent', () => {
  const presses = new KeyPresses();
  const press = (event: number, timestamp: number) =>
    presses.digitOf(packet(1, { timestamp, payload: Buffer.from([event, 0x80, 0, 160]) }));
  expect([press(5, 10), press(5, 10), press(5, 10), press(5, 900), press(11, 2_000), press(16, 3_000)]).toEqual([
    '5',
    undefined,
    undefined,
    '5',
    '#',
    undefined,
  ]);
});

test.each([
  { type: 'application/dtmf-relay', body: 'Signal=5\r\nDuration=160\r\n', digit: '5' },
  { type: 'application/dtmf-relay', body: 'Signal= *\r\n', digit: '*' },
  { type: 'application/dtmf-relay', body: 'Signal=11', digit: '#' },
  { type: 'application/dtmf; charset=utf-8', body: 'd', digit: 'D' },
  { type: 'application/dtmf', body: 'door', digit: undefined },
  { type: 'text/plain', body: '5', digit: undefined },
  { type: undefined, body: '5', digit: undefined },
])('SIP INFO $type says $digit', ({ type, body, digit }) => {
  expect(digitOfInfo(type, body)).toBe(digit);
});

test('only packets of the other side are used, and of only one of its senders', () => {
  const source = new MediaSource();
  source.expect({ address: '10.0.0.5', port: 5_000 }, '192.0.2.1');
  expect(source.isAccepted('10.0.0.9', 4_000, 0)).toBe(false);
  expect(source.isAccepted('192.0.2.1', 4_000, 0)).toBe(true);
  expect(source.isAccepted('192.0.2.1', 4_002, 20)).toBe(false);
  expect(source.isAccepted('192.0.2.1', 4_000, 40)).toBe(true);
  expect(source.isAccepted('10.0.0.5', 5_000, 60)).toBe(true); // as described
  expect(source.isAccepted('192.0.2.1', 4_000, 80)).toBe(false);
  expect(source.isAccepted('192.0.2.1', 4_000, 3_000)).toBe(true); // it moved
});
