import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { openRecording } from '../audio/openRecording.js';
import { ENGINE_SAMPLE_RATE_HZ } from '../core/audioFrame.js';
import type { RecordingLimits } from '../core/recording.js';
import type { StorePlace } from '../core/storePlace.js';
import type { SpeechAudio } from '../engine/compute/compute.js';
import { modelInStore } from '../engine/models/modelInStore.js';
import { HOP_SHARES } from '../engine/recording/localSpeechOf.js';
import { wholeRecording } from '../engine/recording/wholeRecording.js';
import { Fbank, frameCount } from '../features/fbank.js';
import { copyFrames, framesOfWindow } from '../features/modelInput.js';
import { UNCALIBRATED } from '../identity/calibration.js';
import { resolveVoices } from '../identity/resolveVoices.js';
import { windowsOf } from '../identity/windowsOf.js';
import { ModelStore } from '../inference/modelStore.js';
import { likelyRuntime } from '../inference/onnxRuntime.js';
import { SpeakerEmbedder } from '../inference/speakerEmbedder.js';
import { SegmentationNet } from '../speech/segmentationNet.js';
import { SileroVad } from '../speech/sileroVad.js';
import { NARROW_BAND_SEGMENTER, SpeechSegmenter } from '../speech/speechSegmenter.js';
import { type PeerExtractor, peerExtractor } from './peerExtractor.js';

export interface BenchRequest {
  readonly path: string;
  /** Id or path; the model in use where undefined. */
  readonly model?: string | undefined;
  readonly place: StorePlace;
  /** Number of rounds; the minimum counts, since other programs can only add time. */
  readonly rounds: number;
  /** Folder whose node_modules contains sherpa-onnx-node; by default the working directory. */
  readonly peerFolder?: string | undefined;
  readonly signal: AbortSignal;
  readonly onRound?: (done: number, total: number) => void;
}

export interface BenchStage {
  readonly stage: string;
  /** CPU seconds of all threads of this process. */
  readonly cpuSeconds: number;
  /** CPU seconds per second of audio. */
  readonly realTimeFactor: number;
}

export interface BenchResult {
  readonly audioSeconds: number;
  readonly windows: number;
  readonly model: string;
  readonly rounds: number;
  readonly stages: readonly BenchStage[];
  readonly realTimeFactor: number;
  /** CPU time of features and embedding relative to sherpa-onnx, same model and windows; null where it is not installed. */
  readonly cpuOfSherpaOnnx: number | null;
}

/** A segment of speech as the networks receive it, and its position. */
interface Segment extends SpeechAudio {
  readonly startSample: number;
}

const LIMITS: RecordingLimits = { maxBytes: 2 ** 31, maxDurationMs: 3_600_000, maxDecodeMs: 600_000 };
const SEGMENTATION = 'segmentation (network)';
const LEAST_STRETCH_SAMPLES = ENGINE_SAMPLE_RATE_HZ / 2;

/** CPU time of each stage, measured separately and on one thread. Throws the errors of the decoder and the networks. */
export async function benchStages(request: BenchRequest): Promise<BenchResult> {
  const model = await modelInStore(request.place, request.model);
  const vad = await SileroVad.open(createRequire(import.meta.url).resolve('#silero-vad'));
  const embedder = await SpeakerEmbedder.open(model);
  const segmentation = await (await ModelStore.openFor(request.place.storeDirectory)).resolveSegmentation();
  const net = segmentation && (await SegmentationNet.open(segmentation));
  const fbank = model.frontEnd && new Fbank(model.frontEnd); // without one, the network has it inside
  const peer = peerExtractor(join(resolve(request.peerFolder ?? '.'), 'package.json'), model.path);
  const least = new Map<string, number>();
  let [samples, segments]: [Float32Array<ArrayBuffer>, Segment[]] = [new Float32Array(0), []];
  for (let round = 0; round < request.rounds; round += 1) {
    request.signal.throwIfAborted();
    const source = { kind: 'file', path: request.path } as const;
    samples = await timed(least, 'decode', async () =>
      wholeRecording(await openRecording(source, LIMITS, request.signal)),
    );
    const activity = await timed(least, 'voice activity (network)', () => vad.detect(samples, undefined));
    if (net) await timed(least, SEGMENTATION, () => runSegmentation(net, samples, segmentation.windowSamples));
    segments = segmentsOf(samples, activity.probabilities);
    if (fbank) {
      if (round === 0) makeFeatures(fbank, segments); // not timed: the first run compiles it
      await timed(least, 'features', async () => makeFeatures(fbank, segments));
    }
    const embeddings = await timed(least, 'features and embedding', () => embedder.embed(segments));
    if (peer) await timed(least, 'features and embedding of sherpa-onnx', async () => embedAll(peer, segments));
    await timed(least, 'voices and turns', async () => cluster(segments, embeddings, model.dimensions));
    request.onRound?.(round + 1, request.rounds);
  }
  const windows = segments.reduce((sum, segment) => sum + segment.windows.length, 0);
  const audioSeconds = samples.length / ENGINE_SAMPLE_RATE_HZ;
  return { audioSeconds, windows, model: model.id, rounds: request.rounds, ...tableOf(least, audioSeconds) };
}

type Table = Pick<BenchResult, 'stages' | 'realTimeFactor' | 'cpuOfSherpaOnnx'>;

function tableOf(least: ReadonlyMap<string, number>, audioSeconds: number): Table {
  const seconds = (stage: string) => least.get(stage) ?? 0;
  const embedding = seconds('features and embedding') - seconds('features');
  const table: [string, number][] = [
    ['decode', seconds('decode')],
    ['voice activity (network)', seconds('voice activity (network)')],
    ...(least.has(SEGMENTATION) ? [[SEGMENTATION, seconds(SEGMENTATION)] as [string, number]] : []),
    ['features', seconds('features')],
    ['embedding (network)', embedding],
    ['voices and turns', seconds('voices and turns')],
  ];
  const stages = table.map(([stage, cpuSeconds]) => ({ stage, cpuSeconds, realTimeFactor: cpuSeconds / audioSeconds }));
  const peer = least.get('features and embedding of sherpa-onnx');
  return {
    stages,
    realTimeFactor: stages.reduce((sum, { realTimeFactor }) => sum + realTimeFactor, 0),
    cpuOfSherpaOnnx: peer === undefined ? null : seconds('features and embedding') / peer,
  };
}

/** Records the minimum CPU seconds of this process, all threads, over all runs of `work`. */
async function timed<T>(least: Map<string, number>, stage: string, work: () => Promise<T>): Promise<T> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  least.set(stage, Math.min((user + system) / 1e6, least.get(stage) ?? Number.POSITIVE_INFINITY));
  return result;
}

/** Runs the network on the whole recording in overlapping windows, as localSpeechOf does. */
async function runSegmentation(net: SegmentationNet, samples: Float32Array, windowSamples: number): Promise<void> {
  for (let at = 0; at < samples.length; at += windowSamples * HOP_SHARES[likelyRuntime()]) {
    await net.activity(samples.subarray(at, at + windowSamples));
  }
}

/** Speech and its windows as the engine cuts them. */
function segmentsOf(samples: Float32Array, probabilities: Float32Array): Segment[] {
  const segmenter = new SpeechSegmenter(NARROW_BAND_SEGMENTER);
  const spans = [...segmenter.push(probabilities), ...segmenter.flush(samples.length)];
  return spans
    .filter(({ startSample, endSample }) => endSample - startSample >= LEAST_STRETCH_SAMPLES)
    .map(({ startSample, endSample }) => ({
      startSample,
      samples: Float32Array.from(samples.subarray(startSample, endSample)),
      windows: windowsOf({ startSample: 0, endSample: endSample - startSample }),
    }));
}

/** Computes the features of every window as SpeakerEmbedder does, and discards them. */
function makeFeatures(fbank: Fbank, segments: readonly Segment[]): void {
  const { isSnippingEdges, melBands: bands } = fbank.options;
  for (const { samples, windows } of segments) {
    const total = frameCount(samples.length, isSnippingEdges);
    const features = fbank.compute(samples);
    for (const window of windows) {
      const span = framesOfWindow(window, total, isSnippingEdges);
      if (!span) continue;
      const { firstFrame: firstRow } = span;
      const frames = span.endFrame - firstRow;
      const out = new Float32Array(frames * bands);
      copyFrames(features, { firstRow, frames, bands }, out, { at: 0, isMeanSubtracted: true });
    }
  }
}

function embedAll(peer: PeerExtractor, segments: readonly Segment[]): void {
  for (const { samples, windows } of segments) {
    for (const { startSample, endSample } of windows) {
      const stream = peer.createStream();
      stream.acceptWaveform({ samples: samples.subarray(startSample, endSample), sampleRate: ENGINE_SAMPLE_RATE_HZ });
      peer.compute(stream);
    }
  }
}

function cluster(segments: readonly Segment[], embeddings: readonly Float32Array[], dimensions: number): void {
  const joined = new Float32Array(embeddings.length * dimensions);
  embeddings.forEach((embedding, row) => {
    joined.set(embedding, row * dimensions);
  });
  resolveVoices({
    dimensions,
    embeddings: joined,
    windows: segments.flatMap(({ startSample, windows }) =>
      windows.map((window) => ({
        startSample: startSample + window.startSample,
        endSample: startSample + window.endSample,
      })),
    ),
    speech: segments.map(({ startSample, samples }) => ({ startSample, endSample: startSample + samples.length })),
    voices: [],
    calibration: UNCALIBRATED,
    falseAcceptPercent: 1,
    isNarrowBand: false,
  });
}
