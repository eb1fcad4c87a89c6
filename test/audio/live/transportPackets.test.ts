import { expect, test } from 'vitest';
import { TransportPackets } from '../../../src/audio/live/rtp/transportStream.js';

/** Numbered packets of a transport stream. */
const stream = (packets: number): Buffer =>
  Buffer.concat(Array.from({ length: packets }, (_, number) => Buffer.alloc(188, number % 64).fill(0x47, 0, 1)));

const numbersOf = (bytes: Uint8Array): number[] =>
  Array.from({ length: bytes.length / 188 }, (_, i) => {
    expect(bytes[i * 188]).toBe(0x47);
    return bytes[i * 188 + 1]!;
  });

function received(datagrams: readonly Buffer[]): number[] {
  const packets = new TransportPackets(undefined);
  return datagrams.flatMap((datagram) => numbersOf(packets.in(datagram) ?? Buffer.alloc(0)));
}

const cut = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));

test.each([1316, 1472, 1000, 500])('every packet of a stream in datagrams of %i bytes', (size) => {
  expect(received(cut(stream(60), size))).toEqual(Array.from({ length: 60 }, (_, i) => i));
});

test('after a lost datagram whole packets only, and no more than was lost is missing', () => {
  const datagrams = cut(stream(60), 1472);
  datagrams.splice(3, 1);
  const numbers = received(datagrams);
  expect(numbers.length).toBeGreaterThanOrEqual(60 - 10);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
});

test('what is no transport stream is nothing', () => {
  expect(received([Buffer.from('hello'), Buffer.alloc(0), Buffer.alloc(1472), Buffer.alloc(187, 0x47)])).toEqual([]);
});
