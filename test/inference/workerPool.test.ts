import { afterEach, beforeEach, expect, test } from 'vitest';
import { VoicePrintsError } from '../../src/core/errors.js';
import { replyOf, WorkerPool } from '../../src/inference/workerPool.js';
import { until } from '../support/until.js';

interface Echo {
  readonly echo: unknown;
  readonly threadId: number;
}
const filename = new URL('./crashing.worker.mjs', import.meta.url).href;
const never = new AbortController().signal;
let pool: WorkerPool;

beforeEach(() => {
  pool = new WorkerPool({ filename, threads: 2, workerData: undefined });
});
afterEach(() => pool[Symbol.asyncDispose]());

/** How many tasks of the kind `count` have begun and ended; they wait until the gate is open. */
function gate() {
  const counts = new Int32Array(new SharedArrayBuffer(12));
  const open = () => {
    Atomics.store(counts, 2, 1);
    Atomics.notify(counts, 2);
  };
  return { counts, open };
}

const echo = (value: unknown) => pool.run<object, Echo>({ kind: 'echo', value }, [], never);

test('a task comes back from another thread', async () => {
  const { echo: value, threadId } = await echo({ a: Float32Array.of(1, 2) });
  expect(value).toEqual({ a: Float32Array.of(1, 2) });
  expect(threadId).toBeGreaterThan(0);
});

test('an error keeps its code, message and details across threads', async () => {
  const failure = pool.run({ kind: 'fail' }, [], never);
  await expect(failure).rejects.toBeInstanceOf(VoicePrintsError);
  await expect(failure).rejects.toMatchObject({
    code: 'MODEL_INVALID',
    message: 'no; try another',
    details: { id: 7 },
  });
});

test.each(['die', 'throw'])(
  'a thread that does "%s" is INFERENCE_FAILED, and the next task finds another',
  async (kind) => {
    const { threadId } = await echo(1);
    await expect(pool.run({ kind }, [], never)).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
    const after = await echo(2);
    expect(after.echo).toBe(2);
    if (kind === 'die') expect(after.threadId).not.toBe(threadId);
  },
);

test('tasks waiting behind a dying one are still done', async () => {
  const results = await Promise.allSettled([
    ...Array.from({ length: 4 }, (_, i) => pool.run({ kind: i % 2 ? 'echo' : 'die', value: i }, [], never)),
    ...Array.from({ length: 6 }, (_, i) => echo(i)),
  ]);
  expect(results.map(({ status }) => status).slice(4)).toEqual(new Array(6).fill('fulfilled'));
});

test('an abort lets the caller go at once, and nothing is torn down', async () => {
  const controller = new AbortController();
  await echo(1);
  const work = pool.run({ kind: 'wait', ms: 20_000 }, [], controller.signal);
  setTimeout(() => controller.abort(), 50);
  await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
  expect((await echo(2)).echo).toBe(2);
});

test('an abort before the task is submitted takes effect too', async () => {
  await echo(1);
  const controller = new AbortController();
  const work = pool.run({ kind: 'wait', ms: 20_000 }, [], controller.signal);
  controller.abort();
  await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
  await expect(pool.run({ kind: 'echo' }, [], controller.signal)).rejects.toMatchObject({ code: 'ABORTED' });
});

test('closing gives up what runs, may be done twice, and ends the pool', async () => {
  await echo(1);
  const work = pool.run({ kind: 'wait', ms: 20_000 }, [], never);
  const refused = expect(work).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  await pool[Symbol.asyncDispose]();
  await refused;
  await pool[Symbol.asyncDispose]();
  await expect(echo(2)).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
});

test('closing lets threads end the task they are at, begins no other, and gives all of them up at once', async () => {
  await Promise.all([echo(1), echo(2)]);
  const { counts, open } = gate();
  const tasks = Array.from({ length: 5 }, () => pool.run({ kind: 'count', counts }, [], never));
  const given = Promise.allSettled(tasks);
  await until(() => Atomics.load(counts, 0) === 2);
  const closing = pool[Symbol.asyncDispose]();
  const outcomes = await given;
  for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'ENGINE_CLOSED' } });
  open();
  await closing;
  expect([...counts.subarray(0, 2)]).toEqual([2, 2]);
});

test('a task that was left while it waited is never begun', async () => {
  await Promise.all([echo(1), echo(2)]);
  const { counts, open } = gate();
  const busy = [1, 2].map(() => pool.run({ kind: 'count', counts }, [], never));
  const controller = new AbortController();
  const left = pool.run({ kind: 'count', counts }, [], controller.signal);
  const after = echo(3);
  await until(() => Atomics.load(counts, 0) === 2);
  controller.abort();
  await expect(left).rejects.toMatchObject({ code: 'ABORTED' });
  open();
  await Promise.all(busy);
  expect((await after).echo).toBe(3);
  expect([...counts.subarray(0, 2)]).toEqual([2, 2]);
});

test('closing a pool that never worked starts nothing', async () => {
  await pool[Symbol.asyncDispose]();
  await expect(echo(1)).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
});

test('a worker’s own errors become replies', async () => {
  expect(await replyOf(() => 5)).toEqual({ kind: 'done', result: 5 });
  const unexpected = await replyOf(() => {
    throw new TypeError('x is not a function');
  });
  expect(unexpected).toMatchObject({ kind: 'failed', code: 'INTERNAL' });
  expect(unexpected.kind === 'failed' && unexpected.trace).toContain('TypeError');
});

test('a recording with one task does not wait for all the tasks of another', async () => {
  await using one = new WorkerPool({ filename, threads: 1, workerData: undefined });
  const [long, short] = [new AbortController().signal, new AbortController().signal];
  const order: string[] = [];
  const done = async (who: string, signal: AbortSignal) => {
    await one.run({ kind: 'wait', ms: 20 }, [], signal);
    order.push(who);
  };
  await one.run({ kind: 'echo' }, [], long); // the thread is there
  await Promise.all([
    ...Array.from({ length: 8 }, () => done('long', long)),
    done('short', short),
    done('short', short),
  ]);
  expect(order.lastIndexOf('short')).toBeLessThanOrEqual(5);
  expect(order.filter((who) => who === 'long')).toHaveLength(8);
});
