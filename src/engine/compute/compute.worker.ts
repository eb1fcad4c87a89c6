import { workerData } from 'node:worker_threads';
import { VoicePrintsError } from '../../core/errors.js';
import type { RuntimeReport } from '../../core/runtimeReport.js';
import { resolveVoices } from '../../identity/resolveVoices.js';
import { openRuntime } from '../../inference/onnxRuntime.js';
import { SpeakerEmbedder } from '../../inference/speakerEmbedder.js';
import { replyOf, type WorkerReply } from '../../inference/workerPool.js';
import { measureQuality } from '../../speech/quality.js';
import { SegmentationNet } from '../../speech/segmentationNet.js';
import { SileroVad } from '../../speech/sileroVad.js';
import type { LiveBlock } from './compute.js';
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
async function detectSpeechIn(blocks: readonly LiveBlock[]) {
  const network = await openVad();
  const answers: Awaited<ReturnType<SileroVad['detect']>>[] = [];
  for (const { samples, state } of blocks) answers.push(await network.detect(samples, state));
  return answers;
}

/** Half a second more than the shortest window, so that any model takes it. */
const TRIAL_SAMPLES = 24_000;

async function tryModels(): Promise<Omit<RuntimeReport, 'threads'>> {
  const { kind, fallback } = await openRuntime();
  const hum = Float32Array.from({ length: TRIAL_SAMPLES }, (_, i) => 0.1 * Math.sin(0.055 * i)); // 140 Hz
  await (await openVad()).detect(hum, undefined);
  await (await openEmbedder()).embed([{ samples: hum, windows: [{ startSample: 0, endSample: TRIAL_SAMPLES }] }]);
  if (segmentation) await (await openSegmenter()).activity(hum);
  const models = [model.id, ...(segmentation ? [segmentation.id] : [])];
  return { runtime: kind, fallback, models };
}

async function work(task: ComputeTask): Promise<unknown> {
  switch (task.kind) {
    case 'detectSpeech':
      return (await openVad()).detect(task.samples, task.state);
    case 'detectSpeechIn':
      return detectSpeechIn(task.blocks);
    case 'localVoices':
      return (await openSegmenter()).activity(task.samples);
    case 'embed':
      return (await openEmbedder()).embed(task.spans);
    case 'measureQuality':
      return measureQuality(task.samples, task.speech);
    case 'tryModels':
      return tryModels();
    case 'resolveVoices':
      return resolveVoices(task.input);
  }
}

/** One task of WorkerCompute, on its own thread. */
export default function runTask(task: ComputeTask): Promise<WorkerReply<unknown>> {
  return replyOf(() => work(task));
}
