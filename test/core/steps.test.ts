import { expect, test } from 'vitest';
import { finished, inSlices, type Steps } from '../../src/core/steps.js';

function* adding(numbers: readonly number[]): Steps<number> {
  let sum = 0;
  for (const number of numbers) {
    sum += number;
    yield;
  }
  return sum;
}

test('steps answer the same at once and in slices', async () => {
  expect(finished(adding([1, 2, 3]))).toBe(6);
  expect(await inSlices(adding([1, 2, 3]))).toBe(6);
});

test('the event loop gets its turn while steps are under way', async () => {
  let isStopped = false;
  function* untilStopped(): Steps<string> {
    while (!isStopped) yield;
    return 'stopped';
  }
  setTimeout(() => {
    isStopped = true;
  });
  expect(await inSlices(untilStopped())).toBe('stopped');
});

test('what a step throws reaches the caller', async () => {
  function* failing(): Steps<void> {
    yield;
    throw new Error('no');
  }
  expect(() => finished(failing())).toThrow('no');
  await expect(inSlices(failing())).rejects.toThrow('no');
});
