import { expect, test } from 'vitest';
import { lazy } from '../../src/core/lazy.js';

test('concurrent callers share one opening', async () => {
  let openings = 0;
  const one = lazy(async () => ++openings);
  expect(one.isAsked).toBe(false);
  expect(await one.opened()).toBeUndefined();
  expect(await Promise.all([one.get(), one.get()])).toEqual([1, 1]);
  expect(await one.opened()).toBe(1);
  expect(one.isAsked).toBe(true);
});

test('a failed opening rejects for all who wait, and is tried again', async () => {
  const answers = [Promise.reject(new Error('away')), Promise.resolve('here')];
  for (const answer of answers) answer.catch(() => undefined);
  const one = lazy(() => answers.shift()!);
  const [first, second] = [one.get(), one.get()];
  const opened = one.opened();
  await expect(first).rejects.toThrow('away');
  await expect(second).rejects.toThrow('away');
  expect(await opened).toBeUndefined();
  expect(one.isAsked).toBe(false);
  expect(await one.get()).toBe('here');
});
