import type { SampleSpan } from '../core/audioFrame.js';
import { VoicePrintsError } from '../core/errors.js';
import { unit } from '../core/vector.js';
import { Fbank, FRAME_LENGTH, FRAME_SHIFT, frameCount } from '../features/fbank.js';
import { copyFrames, framesOfWindow } from '../features/modelInput.js';
import { type OnnxSession, openOnnxSession } from './onnxSession.js';
import type { SpeakerModel } from './speakerModel.js';

/** Most windows in a batch, and most audio in one: more are not faster and cost memory. */
const MAX_BATCH = 16;
const MAX_BATCH_SAMPLES = 20 * 16_000;

/** Speech and the windows to embed in it. */
export interface SpeechWindows {
  /** Mono 16 kHz, amplitudes in [-1, 1], shape (n,). */
  readonly samples: Float32Array;
  /** Relative to `samples`. */
  readonly windows: readonly SampleSpan[];
}

/** One window prepared for the network. */
interface Row {
  /** Frames, or samples where the network takes the waveform. */
  readonly steps: number;
  /** Values per step: mel bands, or 1. */
  readonly width: number;
  /** Position of its vector in the result. */
  readonly index: number;
  copyInto(data: Float32Array, at: number): void;
}

/** Embedding extraction with a loaded speaker model: audio in, unit-norm vectors out. Blocks its thread. */
export class SpeakerEmbedder {
  readonly #model: SpeakerModel;
  readonly #session: OnnxSession;
  /** Undefined where the network takes the waveform. */
  readonly #fbank: Fbank | undefined;

  private constructor(model: SpeakerModel, session: OnnxSession) {
    this.#model = model;
    this.#session = session;
    this.#fbank = model.frontEnd && new Fbank(model.frontEnd);
  }

  /** Loads the network. Throws MODEL_INVALID, INFERENCE_UNAVAILABLE. */
  static async open(model: SpeakerModel): Promise<SpeakerEmbedder> {
    return new SpeakerEmbedder(model, await openOnnxSession(model.path));
  }

  /** Unit-norm embeddings, each of shape (d,), in the order of the segments and of the windows in each. Throws INFERENCE_FAILED. */
  async embed(segments: readonly SpeechWindows[]): Promise<Float32Array<ArrayBuffer>[]> {
    const rows: Row[] = [];
    for (const segment of segments) {
      if (this.#fbank) this.#addFeatures(segment, this.#fbank, rows);
      else addWaveform(segment, rows);
    }
    const embeddings = new Array<Float32Array<ArrayBuffer>>(rows.length);
    for (const batch of batchesOf(rows, this.#fbank ? FRAME_SHIFT : 1)) {
      const vectors = await this.#run(batch);
      batch.forEach(({ index }, at) => {
        embeddings[index] = vectors[at]!;
      });
    }
    return embeddings;
  }

  /** Computes the features once for all windows of a segment, however much they overlap. */
  #addFeatures({ samples, windows }: SpeechWindows, fbank: Fbank, rows: Row[]): void {
    const { isSnippingEdges, melBands: bands } = fbank.options;
    const isMeanSubtracted = this.#model.frontEnd?.isMeanSubtracted ?? false;
    const total = frameCount(samples.length, isSnippingEdges);
    const spans = windows.map((window) => framesOfWindow(window, total, isSnippingEdges) ?? tooShort());
    const first = spans.reduce((least, { firstFrame }) => Math.min(least, firstFrame), total);
    const end = spans.reduce((most, { endFrame }) => Math.max(most, endFrame), 0);
    const features = fbank.compute(samples, first, end);
    if (features.length !== Math.max(0, end - first) * bands) tooShort();
    for (const { firstFrame, endFrame } of spans) {
      const [firstRow, frames] = [firstFrame - first, endFrame - firstFrame];
      const copyInto = (data: Float32Array, at: number) =>
        copyFrames(features, { firstRow, frames, bands }, data, { at, isMeanSubtracted });
      rows.push({ steps: frames, width: bands, index: rows.length, copyInto });
    }
  }

  async #run(batch: readonly Row[]): Promise<Float32Array<ArrayBuffer>[]> {
    const { dimensions } = this.#model;
    const { steps, width } = batch[0]!;
    const data = new Float32Array(batch.length * steps * width);
    batch.forEach((row, i) => {
      row.copyInto(data, i * steps * width);
    });
    const shape = this.#fbank ? [batch.length, steps, width] : [batch.length, steps];
    const outputs = await this.#session.run({
      [this.#session.inputNames[0]!]: { data, shape },
    });
    const output = outputs[this.#session.outputNames[0]!];
    if (output?.length !== batch.length * dimensions || !output.every(Number.isFinite)) {
      throw new VoicePrintsError(
        'INFERENCE_FAILED',
        'the speaker model returned no usable embeddings; use another model',
      );
    }
    return batch.map((_, row) => unit(output.subarray(row * dimensions, (row + 1) * dimensions)));
  }
}

function addWaveform({ samples, windows }: SpeechWindows, rows: Row[]): void {
  for (const { startSample, endSample } of windows) {
    const window = samples.subarray(startSample, endSample);
    if (window.length < FRAME_LENGTH) tooShort();
    rows.push({
      steps: window.length,
      width: 1,
      index: rows.length,
      copyInto: (data, at) => data.set(window, at),
    });
  }
}

function tooShort(): never {
  throw new VoicePrintsError(
    'INFERENCE_FAILED',
    'a window is shorter than one feature frame; use windows of 500 ms or more',
  );
}

/** Rows of one length together, as many at a time as the limits allow. */
function batchesOf(rows: readonly Row[], stepSamples: number): Row[][] {
  const byLength = new Map<number, Row[]>();
  for (const row of rows) {
    const same = byLength.get(row.steps);
    if (same) same.push(row);
    else byLength.set(row.steps, [row]);
  }
  const batches: Row[][] = [];
  for (const [steps, same] of byLength) {
    const most = Math.max(1, Math.min(MAX_BATCH, Math.floor(MAX_BATCH_SAMPLES / (steps * stepSamples))));
    for (let at = 0; at < same.length; at += most) batches.push(same.slice(at, at + most));
  }
  return batches;
}
