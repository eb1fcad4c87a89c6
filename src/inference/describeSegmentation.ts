import { createHash } from 'node:crypto';
import { VoicePrintsError } from '../core/errors.js';
import { present } from '../core/present.js';
import type { SegmentationEntry } from './modelManifest.js';
import type { ModelOrigin } from './modelOrigin.js';
import { assertRunnable, FLOAT } from './onnxLimits.js';
import { type OnnxMetadata, readOnnxMetadata } from './onnxMetadata.js';
import type { SegmentationModel } from './segmentationModel.js';

const SAMPLE_RATE_HZ = 16_000;
/** Powerset classes of three voices, at most two at once: none, 1, 2, 3, 1+2, 1+3, 2+3. */
const POWERSET = { num_speakers: 3, powerset_max_classes: 2, num_classes: 7 } as const;
const CLASSES = POWERSET.num_classes;
/** Windows of published models have 10 s. */
const WINDOW_SECONDS = { least: 2, most: 30 } as const;
/** Maximum frame shift: coarser frames are useless for segmentation. */
const MAX_SHIFT_SAMPLES = 1_600;

/** True where the metadata has the keys of a segmentation model, as sherpa-onnx writes them for pyannote's. */
export const isSegmentation = ({ properties }: OnnxMetadata): boolean =>
  properties.has('powerset_max_classes') || properties.has('receptive_field_shift');

type SegmentationOrigin = Omit<ModelOrigin, 'entry'> & { readonly entry?: SegmentationEntry };

/**
 * The properties of a segmentation model, checked as far as possible without running it: one input
 * (windows, 1, samples), one output (windows, frames, 7), the metadata of sherpa-onnx. Throws MODEL_INVALID.
 */
export function describeSegmentation(
  bytes: Uint8Array,
  { path, name, storedAs, isBuiltIn, entry }: SegmentationOrigin,
): SegmentationModel {
  const metadata = readOnnxMetadata(bytes);
  if (!isSegmentation(metadata)) throw notSegmentation('its metadata is not that of one');
  assertRunnable(metadata, notSegmentation);
  assertPowerset(metadata);
  const windowSamples = sizeOf(metadata, 'window_size');
  const frameShiftSamples = sizeOf(metadata, 'receptive_field_shift');
  const frameSamples = sizeOf(metadata, 'receptive_field_size');
  const seconds = windowSamples / SAMPLE_RATE_HZ;
  if (seconds < WINDOW_SECONDS.least || seconds > WINDOW_SECONDS.most) {
    throw notSegmentation(`its windows of ${seconds} s are not of ${WINDOW_SECONDS.least} to ${WINDOW_SECONDS.most} s`);
  }
  if (frameShiftSamples > MAX_SHIFT_SAMPLES) throw notSegmentation('its frames are longer than 100 ms');
  assertShapes(metadata, windowSamples);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    kind: 'segmentation',
    id: entry?.id ?? `${name}@${sha256.slice(0, 12)}`,
    ...present({ storedAs }),
    path,
    sampleRateHz: SAMPLE_RATE_HZ,
    windowSamples,
    frameShiftSamples,
    frameSamples,
    author: metadata.properties.get('model_author') ?? '',
    licence: entry?.licence ?? 'as its publisher states',
    sha256,
    isBuiltIn,
  };
}

function assertPowerset({ properties }: OnnxMetadata): void {
  if (properties.get('sample_rate') !== `${SAMPLE_RATE_HZ}`) throw notSegmentation('it is not for audio at 16 kHz');
  for (const [key, expected] of Object.entries(POWERSET)) {
    const declared = Number(properties.get(key));
    if (declared !== expected)
      throw notSegmentation(`its ${key} is ${Number.isFinite(declared) ? declared : 'missing'}, not ${expected}`);
  }
}

function sizeOf({ properties }: OnnxMetadata, key: string): number {
  const size = Number(properties.get(key));
  if (Number.isInteger(size) && size > 0) return size;
  throw notSegmentation(`its metadata lacks ${key} in samples`);
}

function assertShapes({ inputs, outputs }: OnnxMetadata, windowSamples: number): void {
  const [input, output] = [inputs[0], outputs[0]];
  if (!input || inputs.length !== 1) throw notSegmentation(`it takes ${inputs.length} inputs instead of one`);
  if (!output || outputs.length !== 1) throw notSegmentation(`it has ${outputs.length} outputs instead of one`);
  const [windows, channels, samples] = input.shape;
  if (input.shape.length !== 3 || input.elementType !== FLOAT) {
    throw notSegmentation('its input is not three axes of 32-bit floats: windows, channels, samples');
  }
  if ((windows ?? 1) !== 1 || (channels ?? 1) !== 1 || (samples ?? windowSamples) !== windowSamples) {
    throw notSegmentation('its input does not take one window of one channel');
  }
  // An exporter may omit the shape; then the test run decides.
  if (output.shape.length !== 0 && (output.shape.length !== 3 || (output.shape[2] ?? CLASSES) !== CLASSES)) {
    throw notSegmentation('its output is not windows, frames, 7 classes');
  }
}

const notSegmentation = (
  problem: string,
  remedy = 'use one in the layout of pyannote segmentation-3.0 for sherpa-onnx',
) => new VoicePrintsError('MODEL_INVALID', `the file is not a usable segmentation model: ${problem}; ${remedy}`);
