import { expect, test } from 'vitest';
import { Admission } from '../../src/engine/admission.js';

/** Jobs that end when told to. */
function jobs() {
  const ends: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const job = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => ends.push(resolve));
    running -= 1;
  };
  return { job, endOne: () => ends.shift()?.(), started: () => ends.length, most: () => most };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('runs so many at a time, the others in order, and refuses what is too much', async () => {
  const admission = new Admission(2, 2);
  const { job, endOne, most } = jobs();
  const { signal } = new AbortController();
  const order: number[] = [];
  const runs = [0, 1, 2, 3].map((n) => admission.run(job, signal).then(() => order.push(n)));
  await expect(admission.run(job, signal)).rejects.toMatchObject({ code: 'ENGINE_BUSY', details: { waiting: 2 } });
  for (let i = 0; i < 4; i += 1) {
    await settle();
    endOne();
  }
  await Promise.all(runs);
  expect(order).toEqual([0, 1, 2, 3]);
  expect(most()).toBe(2);
});

test('an aborted job leaves the queue and its place', async () => {
  const admission = new Admission(1, 1);
  const { job, endOne } = jobs();
  const stop = new AbortController();
  const first = admission.run(job, new AbortController().signal);
  const waiting = admission.run(job, stop.signal);
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  const next = admission.run(job, new AbortController().signal);
  await settle();
  endOne();
  await first;
  await settle();
  endOne();
  await next;
  await admission.settled();
});

test('a job that fails frees its place', async () => {
  const admission = new Admission(1, 0);
  const { signal } = new AbortController();
  const failed = admission.run(() => Promise.reject(new Error('no')), signal);
  await expect(failed).rejects.toThrow('no');
  expect(await admission.run(() => Promise.resolve(7), signal)).toBe(7);
});

test('a tenant of whom nothing runs waits for no other, and places that get free go to those of whom least runs', async () => {
  const admission = new Admission(2, 8);
  const { signal } = new AbortController();
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string, tenantId: string) =>
    admission.run(
      () => {
        started.push(name);
        return new Promise<void>((end) => void ends.set(name, end));
      },
      signal,
      tenantId,
    );
  for (const name of ['a1', 'a2', 'a3', 'a4']) void run(name, 'a');
  for (const name of ['b1', 'b2']) void run(name, 'b');
  void run('c1', 'c');
  await settle();
  expect(started, 'the place that others leave is b’s').toEqual(['a1', 'a2', 'b1']);
  for (const [ended, next] of [
    ['a1', 'c1'],
    ['a2', 'a3'],
    ['c1', 'a3'],
    ['b1', 'b2'],
    ['a3', 'a4'],
  ] as const) {
    ends.get(ended)!();
    await settle();
    expect(started.at(-1), `after ${ended}`).toBe(next);
  }
  expect(started).toHaveLength(7);
});
