import { expect, test } from 'vitest';
import { StopLimit } from '../../../src/cli/commands/stopLimit.js';

interface Problem {
  readonly code: string;
  readonly message: string;
}

/** A limit of no time at all, and the problem that is logged when it ends the process. */
function limited(stopping: AbortSignal) {
  const problems: Problem[] = [];
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const limit = new StopLimit({ stopping, withinMs: 0, end, log: { problem: (problem) => problems.push(problem) } });
  return { limit, problems, ended };
}

test('the process ends at the bound, and the log names what was not closed', async () => {
  const stop = new AbortController();
  const { limit, problems, ended } = limited(stop.signal);
  using _limit = limit;
  limit.before('the jobs')[Symbol.dispose]();
  stop.abort();
  await ended;
  expect(problems).toEqual([{ code: 'STOPPED_LATE', message: expect.stringContaining('before the jobs closed') }]);
});

test('stopped before it began: the bound holds for the start', async () => {
  const { limit, problems, ended } = limited(AbortSignal.abort());
  using _limit = limit;
  await ended;
  expect(problems[0]?.message).toContain('the start');
});

test('closed in time, or not to stop at all: nothing ends the process', async () => {
  const stop = new AbortController();
  const closed = limited(stop.signal);
  const running = limited(new AbortController().signal);
  using _running = running.limit;
  stop.abort();
  closed.limit[Symbol.dispose]();
  const { limit, ended } = limited(AbortSignal.abort()); // begun later, so that those above would have come first
  using _limit = limit;
  await ended;
  expect([closed.problems, running.problems]).toEqual([[], []]);
});
