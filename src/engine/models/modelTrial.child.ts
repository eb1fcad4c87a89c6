import type { SegmentationModel } from '../../inference/segmentationModel.js';
import type { SpeakerModel } from '../../inference/speakerModel.js';
import { tryModel } from '../../inference/tryModel.js';
import { replyOf } from '../../inference/workerPool.js';
import { trySegmentation } from '../../speech/trySegmentation.js';

/** Tries the one model it is sent, answers with a WorkerReply, and ends. See tryInProcess. */
process.once('message', (model: SpeakerModel | SegmentationModel) => {
  void replyOf(() => ('kind' in model ? trySegmentation(model) : tryModel(model))).then((reply) =>
    process.send?.(reply),
  );
});
