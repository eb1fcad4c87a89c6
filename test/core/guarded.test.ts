import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { guarded } from '../../src/core/guarded.js';

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
