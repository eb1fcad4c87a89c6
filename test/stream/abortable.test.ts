import { expect, test } from 'vitest';
import { abortable, untilAborted } from '../../src/stream/abortable.js';

const reason = new Error('enough');
const forever = () => new Promise<never>(() => undefined);

test('abortable: passes on values and failures', async () => {
  const { signal } = new AbortController();
  expect(await abortable(Promise.resolve(3), signal)).toBe(3);
  await expect(abortable(Promise.reject(reason), signal)).rejects.toBe(reason);
});

test.each([
  { name: 'before', abortAfterMs: undefined },
  { name: 'while waiting', abortAfterMs: 5 },
])('abortable: rejects with the reason when aborted $name', async ({ abortAfterMs }) => {
  const stop = new AbortController();
  if (abortAfterMs === undefined) stop.abort(reason);
  else setTimeout(() => stop.abort(reason), abortAfterMs);
  await expect(abortable(forever(), stop.signal)).rejects.toBe(reason);
});

test('abortable: a failure after the abort is not unhandled', async () => {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error('late')), 5));
  await expect(abortable(late, AbortSignal.abort(reason))).rejects.toBe(reason);
  await new Promise((resolve) => setTimeout(resolve, 15)); // an unhandled rejection fails the run
});

test('untilAborted: all items, then the end', async () => {
  const items: number[] = [];
  for await (const item of untilAborted(numbers(3), new AbortController().signal)) items.push(item);
  expect(items).toEqual([0, 1, 2]);
});

test('untilAborted: closes the source when the reader leaves', async () => {
  const closed: string[] = [];
  for await (const _ of untilAborted(numbers(3, closed), new AbortController().signal)) break;
  expect(closed).toEqual(['closed']);
});

test('untilAborted: ends although the source hangs', async () => {
  const stop = new AbortController();
  const items: number[] = [];
  const reading = (async () => {
    for await (const item of untilAborted(hangingAfter(2), stop.signal)) items.push(item);
  })();
  setTimeout(() => stop.abort(reason), 10);
  await expect(reading).rejects.toBe(reason);
  expect(items).toEqual([0, 1]);
});

async function* numbers(count: number, closed: string[] = []): AsyncGenerator<number> {
  try {
    for (let i = 0; i < count; i += 1) yield i;
  } finally {
    closed.push('closed');
  }
}

async function* hangingAfter(count: number): AsyncGenerator<number> {
  yield* numbers(count);
  await forever();
}
