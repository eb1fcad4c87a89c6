import { VoicePrintsError } from '../core/errors.js';
import { LOCAL_FRAME_SAMPLES, LOCAL_VOICES } from '../core/localVoices.js';
import { type OnnxSession, openOnnxSession } from '../inference/onnxSession.js';
import type { SegmentationModel } from '../inference/segmentationModel.js';

/** Voices that speak in each class of the network: the powerset of three, two at once at most. */
const CLASSES: readonly (readonly number[])[] = [[], [0], [1], [2], [0, 1], [0, 2], [1, 2]];

/** Frames of 20 ms in one chunk, the input of the model. */
export const framesOfChunk = ({ windowSamples }: Pick<SegmentationModel, 'windowSamples'>): number =>
  Math.floor(windowSamples / LOCAL_FRAME_SAMPLES);

/** A segmentation model at work: chunks in, who of three voices speaks in each frame out. Holds the thread it is called on. */
export class SegmentationNet {
  readonly #model: SegmentationModel;
  readonly #session: OnnxSession;

  private constructor(model: SegmentationModel, session: OnnxSession) {
    this.#model = model;
    this.#session = session;
  }

  /** Loads the network. Throws MODEL_INVALID, INFERENCE_UNAVAILABLE. */
  static async open(model: SegmentationModel): Promise<SegmentationNet> {
    return new SegmentationNet(model, await openOnnxSession(model.path));
  }

  /**
   * @param samples one chunk, mono 16 kHz, shape (windowSamples,); a shorter one is followed by silence
   * @returns probability 0..255 that each voice speaks, row-major, shape (frames of 20 ms, LOCAL_VOICES)
   * @throws VoicePrintsError INFERENCE_FAILED
   */
  async activity(samples: Float32Array): Promise<Uint8Array<ArrayBuffer>> {
    const { windowSamples } = this.#model;
    const data = samples.length === windowSamples ? samples : new Float32Array(windowSamples);
    if (data !== samples) data.set(samples.subarray(0, windowSamples));
    const outputs = await this.#session.run({
      [this.#session.inputNames[0]!]: { data, shape: [1, 1, windowSamples] },
    });
    const output = outputs[this.#session.outputNames[0]!];
    if (!output || output.length < CLASSES.length || !output.every(Number.isFinite)) {
      const message = 'the segmentation model returned no usable output; use another export of it';
      throw new VoicePrintsError('INFERENCE_FAILED', message);
    }
    return this.#onGrid(output);
  }

  /** The frame of the network whose middle is nearest to that of each frame of 20 ms. */
  #onGrid(logProbabilities: Float32Array): Uint8Array<ArrayBuffer> {
    const { frameShiftSamples: shift, frameSamples: size } = this.#model;
    const rows = Math.floor(logProbabilities.length / CLASSES.length);
    const frames = framesOfChunk(this.#model);
    const activity = new Uint8Array(frames * LOCAL_VOICES);
    for (let frame = 0; frame < frames; frame += 1) {
      const middle = (frame + 0.5) * LOCAL_FRAME_SAMPLES;
      const row = Math.min(rows - 1, Math.max(0, Math.round((middle - size / 2) / shift)));
      voicesOf(logProbabilities, row * CLASSES.length, activity, frame * LOCAL_VOICES);
    }
    return activity;
  }
}

/** Adds up the classes in which each voice speaks; scores need not be normalised. */
function voicesOf(scores: Float32Array, at: number, activity: Uint8Array, to: number): void {
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < CLASSES.length; i += 1) highest = Math.max(highest, scores[at + i]!);
  const sums = new Float64Array(LOCAL_VOICES);
  let total = 0;
  for (let i = 0; i < CLASSES.length; i += 1) {
    const weight = Math.exp(scores[at + i]! - highest);
    total += weight;
    for (const voice of CLASSES[i]!) sums[voice]! += weight;
  }
  for (let voice = 0; voice < LOCAL_VOICES; voice += 1) activity[to + voice] = Math.round((255 * sums[voice]!) / total);
}
