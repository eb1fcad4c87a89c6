import { afterEach, expect, test, vi } from 'vitest';
import { followErasures } from '../../../src/cli/commands/followErasures.js';
import { scriptedEngine } from '../../support/scriptedEngine.js';

afterEach(() => {
  vi.useRealTimers();
});

test('who was erased by another program is withdrawn; a store that fails withdraws nobody', async () => {
  vi.useFakeTimers();
  let enrolled: string[] | undefined = ['alice', 'bob'];
  const list = async () => {
    if (!enrolled) throw new Error('the disk is gone');
    return enrolled.map((speakerId) => ({ speakerId }) as never);
  };
  const erased: string[] = [];
  const engine = scriptedEngine({ directory: { list } });
  const published = { people: ['alice', 'bob'], erase: (id: string) => erased.push(id) };
  using _following = followErasures(() => [engine], published);
  await vi.advanceTimersByTimeAsync(60_000);
  enrolled = undefined;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(erased).toEqual([]);
  enrolled = ['bob'];
  await vi.advanceTimersByTimeAsync(60_000);
  expect(erased).toEqual(['alice']);
});
