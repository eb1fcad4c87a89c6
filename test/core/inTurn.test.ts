import { expect, test } from 'vitest';
import { InTurn, InTurnByKey } from '../../src/core/inTurn.js';

/** Work that lasts until it is ended, and writes down when it begins and ends. */
function held(log: string[], name: string) {
  let end = (): void => undefined;
  let fail = (): void => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = () => reject(new Error(name));
  });
  const work = async () => {
    log.push(`${name} begins`);
    await ended;
    log.push(`${name} ends`);
    return name;
  };
  return { work, end, fail };
}

test('one piece of work follows the other, also one that failed', async () => {
  const turn = new InTurn();
  const log: string[] = [];
  const [first, second] = [held(log, 'first'), held(log, 'second')];
  const failed = expect(turn.run(first.work)).rejects.toThrow('first');
  const answered = turn.run(second.work);
  second.end();
  first.fail();
  await failed;
  expect(await answered).toBe('second');
  await turn.done();
  expect(log).toEqual(['first begins', 'second begins', 'second ends']);
});

test('work of one key follows the other, that of another key does not wait, and nothing is kept of a key', async () => {
  const turns = new InTurnByKey();
  const log: string[] = [];
  const [first, second, other] = [held(log, 'first'), held(log, 'second'), held(log, 'other')];
  const running = [turns.run('a', first.work), turns.run('a', second.work)];
  const beside = turns.run('b', other.work);
  other.end();
  expect(await beside).toBe('other');
  first.end();
  second.end();
  expect(await Promise.all(running)).toEqual(['first', 'second']);
  expect(log.filter((line) => !line.startsWith('other'))).toEqual([
    'first begins',
    'first ends',
    'second begins',
    'second ends',
  ]);
  expect(turns.keys).toBe(0);
});
