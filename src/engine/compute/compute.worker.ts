import { workerData } from 'node:worker_threads';
import { VoicePrintsError } from '../../core/errors.js';
import { resolveVoices } from '../../identity/resolveVoices.js';
import { SpeakerEmbedder } from '../../inference/speakerEmbedder.js';
import { replyOf, type WorkerReply } from '../../inference/workerPool.js';
import { measureQuality } from '../../speech/quality.js';
import { SegmentationNet } from '../../speech/segmentationNet.js';
import { SileroVad } from '../../speech/sileroVad.js';
import type { LivePiece } from './compute.js';
import type { ComputeTask, ComputeWorkerData } from './computeTask.js';

const { model, segmentation, vadPath } = workerData as ComputeWorkerData;

// Each network is loaded with the first task that needs it; a failed load is tried again with the next.
let vad: Promise<SileroVad> | undefined;
let segmenter: Promise<SegmentationNet> | undefined;
let embedder: Promise<SpeakerEmbedder> | undefined;

function openVad(): Promise<SileroVad> {
  vad ??= SileroVad.open(vadPath).catch((error) => {
    vad = undefined;
    throw error;
  });
  return vad;
}

function openSegmenter(): Promise<SegmentationNet> {
  if (!segmentation) throw new VoicePrintsError('INFERENCE_FAILED', 'no segmentation model is in use; add one first');
  segmenter ??= SegmentationNet.open(segmentation).catch((error) => {
    segmenter = undefined;
    throw error;
  });
  return segmenter;
}

function openEmbedder(): Promise<SpeakerEmbedder> {
  embedder ??= SpeakerEmbedder.open(model).catch((error) => {
    embedder = undefined;
    throw error;
  });
  return embedder;
}

/** One after the other: the network takes the hops of one stream at a time. */
async function detectSpeechIn(pieces: readonly LivePiece[]) {
  const network = await openVad();
  const answers: Awaited<ReturnType<SileroVad['detect']>>[] = [];
  for (const { samples, state } of pieces) answers.push(await network.detect(samples, state));
  return answers;
}

async function work(task: ComputeTask): Promise<unknown> {
  switch (task.kind) {
    case 'detectSpeech':
      return (await openVad()).detect(task.samples, task.state);
    case 'detectSpeechIn':
      return detectSpeechIn(task.pieces);
    case 'localVoices':
      return (await openSegmenter()).activity(task.samples);
    case 'embed':
      return (await openEmbedder()).embed(task.spans);
    case 'measureQuality':
      return measureQuality(task.samples, task.speech);
    case 'resolveVoices':
      return resolveVoices(task.input);
  }
}

/** One task of WorkerCompute, on its own thread. */
export default function runTask(task: ComputeTask): Promise<WorkerReply<unknown>> {
  return replyOf(() => work(task));
}
