import { VoicePrintsError } from '../core/errors.js';
import type { SegmentationModel } from '../inference/segmentationModel.js';
import { SegmentationNet } from './segmentationNet.js';

/**
 * Loads a segmentation model and runs it over silence and over a hum: what passes can be used. Holds the thread it is
 * called on for about half a second. Throws MODEL_INVALID, INFERENCE_UNAVAILABLE.
 */
export async function trySegmentation(model: SegmentationModel): Promise<void> {
  const net = await SegmentationNet.open(model);
  for (const sound of [new Float32Array(model.windowSamples), hum(model.windowSamples)]) {
    await net.activity(sound).catch((cause: unknown) => {
      const message = 'the segmentation model was tested and fails on a test input; use another export of it';
      throw new VoicePrintsError('MODEL_INVALID', message, { cause });
    });
  }
}

const hum = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => 0.1 * Math.sin(0.055 * i)); // 140 Hz
