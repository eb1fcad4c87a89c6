import { createHash } from 'node:crypto';
import { VoicePrintsError } from '../core/errors.js';
import { present } from '../core/present.js';
import { isSegmentation } from './describeSegmentation.js';
import { assertSampleRate, frontEndOf } from './frontEnd.js';
import type { ModelOrigin } from './modelOrigin.js';
import { assertRunnable, FLOAT } from './onnxLimits.js';
import { type OnnxMetadata, type OnnxValue, readOnnxMetadata } from './onnxMetadata.js';
import type { SpeakerModel } from './speakerModel.js';

/** Mel bands of published front ends: 80, sometimes 64 or 72. */
const MEL_BANDS = { least: 24, most: 128 } as const;
/** Far more dimensions than in any published speaker model (512): more indicates another kind of model. */
const MAX_DIMENSIONS = 8192;

/**
 * The properties of a speaker model, checked as far as possible without running it: ONNX, operator set, one input, one output
 * (windows, dimensions). The input is (windows, frames, mel bands), with metadata of a known framework, or (windows, samples):
 * then the front end is part of the network. Throws MODEL_INVALID.
 */
export function describeModel(bytes: Uint8Array, origin: ModelOrigin): SpeakerModel {
  const { path, name, isBuiltIn, storedAs, entry } = origin;
  const metadata = readOnnxMetadata(bytes);
  const { properties } = metadata;
  if (isSegmentation(metadata)) {
    throw notASpeakerModel('it is a segmentation model', 'use it beside a speaker model, not in place of one');
  }
  assertRunnable(metadata, notASpeakerModel);
  const takesWaveform = metadata.inputs[0]?.shape.length === 2;
  if (takesWaveform) assertSampleRate(properties);
  // First: an unknown framework is the more helpful error.
  const frontEnd = takesWaveform ? undefined : frontEndOf(metadata, entry?.frontEnd);
  assertInput(metadata.inputs, takesWaveform);
  const dimensions = dimensionsOf(metadata);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    // Two different files must never be taken for the same model, even under one name.
    id: entry?.id ?? `${name}@${sha256.slice(0, 12)}`,
    ...present({ storedAs }),
    path,
    dimensions,
    sampleRateHz: 16_000,
    framework: properties.get('framework') ?? '',
    language: properties.get('language') ?? '',
    licence: entry?.licence ?? 'as its publisher states',
    sha256,
    isBuiltIn,
    frontEnd,
    calibration: entry?.calibration,
  };
}

function assertInput(inputs: readonly OnnxValue[], takesWaveform: boolean): void {
  const [input] = inputs;
  if (!input || inputs.length !== 1) throw notASpeakerModel(`it takes ${inputs.length} inputs instead of one`);
  const [windows, steps, bands] = input.shape;
  if (!takesWaveform && input.shape.length !== 3) {
    throw notASpeakerModel(
      `its input has ${input.shape.length} axes, not three (windows, frames, mel bands) or two (windows, samples)`,
    );
  }
  if (input.elementType !== FLOAT) throw notASpeakerModel('its input is not of 32-bit floats');
  if (bands !== undefined && (bands < MEL_BANDS.least || bands > MEL_BANDS.most)) {
    throw notASpeakerModel(`it takes ${bands} mel bands, not ${MEL_BANDS.least} to ${MEL_BANDS.most}`);
  }
  if (windows !== undefined || steps !== undefined) {
    const what = takesWaveform ? 'samples' : 'frames';
    const remedy = `export it with free axes for windows and ${what}`;
    throw notASpeakerModel(`the number of windows or of ${what} in its input is fixed`, remedy);
  }
}

function dimensionsOf({ properties, outputs }: OnnxMetadata): number {
  const [output] = outputs;
  if (!output || outputs.length !== 1) throw notASpeakerModel(`it has ${outputs.length} outputs instead of one`);
  // An exporter may omit the shape; then the test run decides.
  if (output.shape.length !== 2 && output.shape.length !== 0) {
    throw notASpeakerModel(`its output has ${output.shape.length} axes, not two: windows, dimensions`);
  }
  const declared = properties.get('output_dim');
  const shaped = output.shape[1];
  const dimensions = declared === undefined ? shaped : Number(declared);
  if (dimensions === undefined || !Number.isInteger(dimensions) || dimensions < 1 || dimensions > MAX_DIMENSIONS) {
    throw notASpeakerModel('its metadata lacks output_dim', 'use a model with sherpa-onnx metadata');
  }
  if (shaped !== undefined && shaped !== dimensions) {
    throw notASpeakerModel(`its output_dim is ${dimensions}, but its output has ${shaped} dimensions`);
  }
  return dimensions;
}

function notASpeakerModel(problem: string, remedy = 'use a speaker embedding model'): VoicePrintsError {
  return new VoicePrintsError('MODEL_INVALID', `the file is not a usable speaker model: ${problem}; ${remedy}`);
}
