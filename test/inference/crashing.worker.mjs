/** A worker for tests: echoes, fails, dies or takes its time, as the task says. */
import { threadId } from 'node:worker_threads';

export default async function run(task) {
  if (task.kind === 'die') process.exit(3);
  if (task.kind === 'throw') throw new Error('not a reply');
  if (task.kind === 'fail') {
    return {
      kind: 'failed',
      code: 'MODEL_INVALID',
      message: 'no; try another',
      details: { id: 7 },
      trace: 'Error: deep',
    };
  }
  if (task.kind === 'count') {
    Atomics.add(task.counts, 0, 1);
    Atomics.wait(task.counts, 2, 0); // until the test opens the gate
    Atomics.add(task.counts, 1, 1);
  }
  if (task.kind === 'wait') await new Promise((resolve) => setTimeout(resolve, task.ms));
  return { kind: 'done', result: { echo: task.value, threadId } };
}
