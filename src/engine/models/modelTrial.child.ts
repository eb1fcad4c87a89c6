import { Worker } from 'node:worker_threads';
import type { SegmentationModel } from '../../inference/segmentationModel.js';
import type { SpeakerModel } from '../../inference/speakerModel.js';
import { tryModel } from '../../inference/tryModel.js';
import { replyOf } from '../../inference/workerPool.js';
import { trySegmentation } from '../../speech/trySegmentation.js';

/**
 * A network that loops holds this process's main thread, so that it would outlive a parent that was killed and keep a core busy for
 * ever. A separate thread detects that: an orphan gets another parent, or, on Windows, keeps the id of one that is gone.
 */
const ORPHAN_WATCH = `
  const { ppid } = process;
  const isGone = () => {
    try {
      return !process.kill(ppid, 0);
    } catch (error) {
      return error.code === 'ESRCH';
    }
  };
  setInterval(() => {
    if (process.ppid !== ppid || isGone()) process.kill(process.pid, 'SIGKILL');
  }, 500);
`;
new Worker(ORPHAN_WATCH, { eval: true }).unref();

/** Tries the one model it is sent, answers with a WorkerReply, and ends. See tryInProcess. */
process.once('message', (model: SpeakerModel | SegmentationModel) => {
  void replyOf(() => ('kind' in model ? trySegmentation(model) : tryModel(model))).then((reply) =>
    process.send?.(reply),
  );
});
