import { expect, test } from 'vitest';
import { Channel } from '../../src/stream/channel.js';

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('what is pushed comes out in order, before and after the reader waits', async () => {
  const channel = new Channel<number>(10, () => undefined);
  channel.push(1);
  const reading = collect(channel);
  channel.push(2);
  await Promise.resolve();
  channel.push(3);
  channel.close();
  expect(await reading).toEqual([1, 2, 3]);
});

test('a full channel drops the oldest item and reports it', async () => {
  const dropped: number[] = [];
  const channel = new Channel<number>(2, (item) => dropped.push(item));
  for (const item of [1, 2, 3, 4]) channel.push(item);
  channel.close();
  channel.push(5); // too late, and not held
  expect(channel.size).toBe(2);
  expect(await collect(channel)).toEqual([3, 4]);
  expect(dropped).toEqual([1, 2]);
});

test('a failure comes after what is held', async () => {
  const channel = new Channel<number>(2, () => undefined);
  channel.push(1);
  channel.fail(new Error('gone'));
  channel.fail(new Error('later'));
  const seen: number[] = [];
  await expect(
    (async () => {
      for await (const item of channel) seen.push(item);
    })(),
  ).rejects.toThrow('gone');
  expect(seen).toEqual([1]);
});

test('a reader that waits is woken by the end', async () => {
  const channel = new Channel<number>(2, () => undefined);
  const reading = collect(channel);
  await Promise.resolve();
  channel.close();
  expect(await reading).toEqual([]);
});
