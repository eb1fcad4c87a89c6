import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { VoicePrintsError } from '../../core/errors.js';
import type { SegmentationModel } from '../../inference/segmentationModel.js';
import type { SpeakerModel } from '../../inference/speakerModel.js';
import type { WorkerReply } from '../../inference/workerPool.js';

/** The published models take one to five seconds, on a slow machine a minute. */
export const TRIAL_MS = 120_000;

const require = createRequire(import.meta.url);

interface TrialOptions {
  readonly signal: AbortSignal;
  readonly maxMs: number;
}

/**
 * Runs a model on test sounds in a separate process: a third-party file may loop for ever, or end the process it runs
 * in, and a network that runs cannot be stopped otherwise.
 *
 * @throws VoicePrintsError MODEL_INVALID, INFERENCE_UNAVAILABLE, ABORTED
 */
export async function tryInProcess(
  model: SpeakerModel | SegmentationModel,
  { signal, maxMs }: TrialOptions,
): Promise<void> {
  signal.throwIfAborted();
  const late = AbortSignal.timeout(maxMs);
  const child = fork(require.resolve('#model-trial'), {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VOICE_PRINTS_'))),
    execArgv: [],
    signal: AbortSignal.any([signal, late]),
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    // Either it could not be started, or it is being killed because its time is over: then its end follows. More may come.
    child.on('error', () => {
      if (child.pid === undefined) resolve();
    });
  });
  let reply: WorkerReply<void> | undefined;
  child.once('message', (message) => {
    reply = message as WorkerReply<void>;
    child.disconnect();
  });
  child.send(model, () => undefined);
  await ended;
  if (reply?.kind === 'done') return;
  if (reply) throw new VoicePrintsError(reply.code, reply.message, { cause: new Error(reply.trace) });
  signal.throwIfAborted();
  const problem = late.aborted ? `had not ended after ${maxMs / 1_000} seconds` : 'ended the process it ran in';
  throw new VoicePrintsError('MODEL_INVALID', `the model was tested and ${problem}; use another export of it`);
}
