import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { VoicePrintsError } from '../../src/core/errors.js';
import { guarded, onCaughtFault } from '../../src/core/guarded.js';

const failure = new Error('of a peer');

test.each([
  {
    name: 'throws',
    callback: () => {
      throw failure;
    },
  },
  { name: 'rejects', callback: () => Promise.reject(failure) },
])('what a callback $name ends at its guard', async ({ callback }) => {
  const ended = vi.fn();
  const socket = new EventEmitter();
  socket.on('data', guarded(ended, callback));
  socket.emit('data', 'bytes');
  await expect.poll(() => ended.mock.calls).toEqual([[failure]]);
});

test('a guard that throws itself is the end of it', async () => {
  const worse = () => {
    throw new Error('worse');
  };
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  guarded(worse, worse)();
  guarded(worse, () => Promise.reject(failure))();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

test('arguments arrive, and what goes well is left alone', () => {
  const ended = vi.fn();
  const seen = vi.fn();
  guarded(ended, seen)(1, 'two');
  expect([seen.mock.calls, ended.mock.calls]).toEqual([[[1, 'two']], []]);
});

test('an unexpected fault is reported once for each place, without its message; refusals are not', async () => {
  const heard = vi.fn();
  const stop = onCaughtFault(heard);
  const faulty = guarded(vi.fn(), (heardName: string) => {
    throw new TypeError(`no such thing as ${heardName}`);
  });
  for (let i = 0; i < 3; i += 1) faulty('Anna Amsel');
  const refuses = () => {
    throw new VoicePrintsError('INPUT_INVALID', 'not so');
  };
  guarded(vi.fn(), refuses)();
  const fails = () => Promise.reject(new VoicePrintsError('INTERNAL', 'failed', { cause: new RangeError('inside') }));
  guarded(vi.fn(), fails)();
  await expect.poll(() => heard.mock.calls.length).toBe(2);
  stop();
  guarded(vi.fn(), () => {
    throw new TypeError('after the end');
  })();
  const [[first], [second]] = heard.mock.calls as [[{ stack: string }], [{ stack: string }]];
  expect(first.stack).toMatch(/^TypeError\n {4}at .*guarded\.test\.ts/);
  expect(second.stack).toMatch(/^RangeError\n {4}at /);
  expect(JSON.stringify(heard.mock.calls)).not.toMatch(/Amsel|inside|after the end/);
});
