import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../../../scripts/setup/freePort.mjs';
import { ArrivalClock } from '../../../src/audio/live/udp/arrivalClock.js';
import { openUdp, type UdpSenders } from '../../../src/audio/live/udp/openUdp.js';
import type { UdpSource } from '../../../src/core/liveSource.js';
import { until } from '../../support/until.js';
import { Listener, soundOf } from './listen.js';

/** Voice satellites on real sockets: each address of 127.0.0.0/8 is a device. */

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A device that sends 32 ms of samples of one value in each datagram. */
async function satellite(address: string, port: number) {
  const socket: Socket = createSocket('udp4').bind(0, address);
  await once(socket, 'listening');
  open.push(() => socket.close());
  const send = (bytes: Uint8Array) =>
    new Promise<void>((resolve) => socket.send(bytes, port, '127.0.0.1', () => resolve()));
  return {
    send,
    say: async (value: number, datagrams: number) => {
      for (let i = 0; i < datagrams; i += 1) await send(new Uint8Array(new Int16Array(512).fill(value).buffer));
    },
  };
}

/** What comes of each sender: samples, their mean value, and whether it ended. */
async function listening(source: UdpSource, options: Partial<Parameters<typeof openUdp>[1]> = {}) {
  const stop = new AbortController();
  const senders: UdpSenders = await openUdp(source, { signal: stop.signal, ...options });
  const heard: { address: string; samples: number[]; hasEnded: boolean }[] = [];
  const reading = (async () => {
    for await (const { address, audio } of senders) {
      const one = { address, samples: [] as number[], hasEnded: false };
      heard.push(one);
      void (async () => {
        for await (const item of audio) if (item.type === 'audio') one.samples.push(...item.frame.samples);
        one.hasEnded = true;
      })();
    }
  })();
  open.push(async () => {
    stop.abort();
    await reading;
  });
  return { heard, senders, stop: () => stop.abort() };
}

const source = async (): Promise<UdpSource> => ({ kind: 'udp', address: '127.0.0.1', port: await freePort() });

test('several senders on one port are streams of their own, whatever the order of their datagrams', async () => {
  const at = await source();
  const { heard, stop } = await listening(at);
  const devices = await Promise.all(['127.0.0.2', '127.0.0.3', '127.0.0.4'].map((one) => satellite(one, at.port)));
  for (let round = 0; round < 10; round += 1) {
    for (const [i, device] of devices.entries()) await device.say(8_192 * (i + 1) - 4_096, 1);
  }
  await until(() => heard.length === 3 && heard.every(({ samples }) => samples.length >= 4_800));
  stop();
  await until(() => heard.every(({ samples, hasEnded }) => hasEnded && samples.length === 5_120));
  for (const { address, samples } of heard) {
    const value = { '127.0.0.2': 0.125, '127.0.0.3': 0.375, '127.0.0.4': 0.625 }[address];
    expect(new Set(samples)).toEqual(new Set([value]));
  }
});

test('senders beyond the most are counted; one that was silent for long gives way to them, and comes back as a new stream', async () => {
  const at = await source();
  const { heard, senders } = await listening(at, { maxSenders: 1, idleMs: 100 });
  const [first, second] = await Promise.all([satellite('127.0.0.2', at.port), satellite('127.0.0.3', at.port)]);
  await first.say(100, 1);
  await until(() => heard.length === 1);
  await second.say(100, 1);
  await until(async () => {
    await second.say(100, 1);
    return senders.refusedDatagrams > 0 || heard.length === 2;
  });
  await until(async () => {
    await second.say(100, 1);
    return heard.length === 2;
  });
  await until(() => heard.every(({ hasEnded }) => hasEnded));
  await first.say(100, 1);
  await until(() => heard.length === 3);
  expect(heard.map(({ address }) => address)).toEqual(['127.0.0.2', '127.0.0.3', '127.0.0.2']);
});

test('a sample that is cut at the end of a datagram is left out, so that the next ones are in step', async () => {
  const at = await source();
  const { heard } = await listening(at);
  const device = await satellite('127.0.0.2', at.port);
  for (let i = 0; i < 20; i += 1)
    await device.send(new Uint8Array([...new Uint8Array(new Int16Array(512).fill(256).buffer), 7]));
  await until(() => (heard[0]?.samples.length ?? 0) >= 8_000);
  expect(new Set(heard[0]!.samples)).toEqual(new Set([256 / 32_768]));
});

test('datagrams of any size and content, or of senders that are not accepted, end nothing', async () => {
  const at = await source();
  const { heard } = await listening(at, { accepts: (address) => address !== '127.0.0.9' });
  const [device, other] = await Promise.all([satellite('127.0.0.2', at.port), satellite('127.0.0.9', at.port)]);
  await other.say(1, 5);
  let seed = 7;
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
    return (seed >>> 0) / 2 ** 32;
  };
  const sizes = [0, 1, 2, 3, 1_023, 65_507, ...Array.from({ length: 100 }, () => Math.floor(random() * 2_000))];
  for (const size of sizes) await device.send(Uint8Array.from({ length: size }, () => random() * 256));
  await device.send(Buffer.from(`OggS${'x'.repeat(60)}`));
  await device.send(Buffer.from(`RIFF\u0000\u0000\u0000\u0000WAVEfmt ${'x'.repeat(60)}`));
  const before = heard[0]?.samples.length ?? 0;
  await device.say(512, 50);
  await until(() => (heard[0]?.samples.length ?? 0) > before + 16_000);
  expect(heard.map(({ address }) => address)).toEqual(['127.0.0.2']);
});

test('as one source: the named sender, else the first one; sources that name different senders share a port', async () => {
  const at = await source();
  const [kitchen, bath] = await Promise.all([satellite('127.0.0.2', at.port), satellite('127.0.0.3', at.port)]);
  await using first = new Listener(at);
  await until(async () => {
    await kitchen.say(1, 1);
    return soundOf(first.heard) > 0;
  });
  await using named = new Listener({ ...at, from: '127.0.0.3' });
  await until(async () => {
    await bath.say(2, 1);
    return soundOf(named.heard) > 0;
  });
  const before = soundOf(first.heard);
  await bath.say(2, 20);
  await kitchen.say(1, 20);
  await until(() => soundOf(first.heard) >= before + 18 * 512);
  expect(soundOf(first.heard)).toBeLessThanOrEqual(before + 22 * 512);
});

test('a port that another program has is an error, and so is the same sender twice', async () => {
  const at = await source();
  const taken = createSocket('udp4').bind(at.port, at.address);
  await once(taken, 'listening');
  open.push(() => taken.close());
  await expect(openUdp(at, { signal: new AbortController().signal })).rejects.toMatchObject({
    code: 'LIVE_PORT_UNAVAILABLE',
  });
  const free = await source();
  await listening(free);
  await expect(openUdp(free, { signal: new AbortController().signal })).rejects.toMatchObject({
    code: 'LIVE_PORT_UNAVAILABLE',
  });
});

test.each([
  { name: 'in step', arrivals: [32, 64, 96], pauses: [0, 0, 0] },
  { name: 'late by less than a second, then in a burst', arrivals: [32, 900, 900, 900], pauses: [0, 0, 0, 0] },
  { name: 'after a pause', arrivals: [32, 5_064, 5_096], pauses: [0, 5_000, 0] },
])('datagrams that come $name', ({ arrivals, pauses }) => {
  const clock = new ArrivalClock();
  expect(arrivals.map((nowMs) => clock.pauseBefore(32, nowMs))).toEqual(pauses);
});
