import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { answering } from '../../src/files/answering.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('long work that shows that the folder answers is waited for', async () => {
  let onAlive = (): void => undefined;
  let finish = (_: string): void => undefined;
  const answer = answering(
    '/a folder',
    (alive) => {
      onAlive = alive;
      return new Promise<string>((resolve) => {
        finish = resolve;
      });
    },
    { withinMs: 1_000 },
  );
  for (let i = 0; i < 10; i += 1) {
    await vi.advanceTimersByTimeAsync(900);
    onAlive();
  }
  finish('done');
  expect(await answer).toBe('done');
});

test('long work that shows nothing is not', async () => {
  let finish = (): void => undefined;
  const work = () =>
    new Promise<void>((resolve) => {
      finish = resolve;
    });
  const answer = answering('/another folder', work, { withinMs: 1_000 });
  const refused = expect(answer).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  await vi.advanceTimersByTimeAsync(1_001);
  await refused;
  finish();
});
