import { afterEach, expect, test, vi } from 'vitest';
import { followPeople } from '../../../src/cli/commands/followPeople.js';
import { scriptedEngine } from '../../support/scriptedEngine.js';

afterEach(() => {
  vi.useRealTimers();
});

test('who was erased by another program is withdrawn; a store that fails withdraws nobody', async () => {
  vi.useFakeTimers();
  let enrolled: string[] | undefined = ['alice', 'bob'];
  const list = async () => {
    if (!enrolled) throw new Error('the disk is gone');
    return enrolled.map((speakerId) => ({ speakerId, name: speakerId.toUpperCase() }) as never);
  };
  const erased: string[] = [];
  const engine = scriptedEngine({ directory: { list } });
  const shown: string[] = [];
  const published = {
    people: ['alice', 'bob'],
    erase: (id: string) => erased.push(id),
    setPeople: (people: readonly { name: string }[]) => shown.push(people.map(({ name }) => name).join()),
  };
  using _following = followPeople(() => [engine], published);
  await vi.advanceTimersByTimeAsync(60_000);
  enrolled = undefined;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(erased).toEqual([]);
  enrolled = ['bob'];
  await vi.advanceTimersByTimeAsync(60_000);
  expect(erased).toEqual(['alice']);
  expect(shown, 'at once, and with each look that the store answers').toEqual(['ALICE,BOB', 'ALICE,BOB', 'BOB']);
});
