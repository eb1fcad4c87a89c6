import { VoicePrintsError } from '../core/errors.js';
import type { OnnxMetadata } from './onnxMetadata.js';
import type { FrontEnd } from './speakerModel.js';

/** Settings that the metadata keys of sherpa-onnx cannot express. */
export type FrontEndOverrides = Partial<
  Pick<FrontEnd, 'windowType' | 'lowFrequencyHz' | 'highFrequencyHz' | 'isSnippingEdges' | 'amplitudeScale'>
>;

const SAMPLE_RATE_HZ = 16_000;
const NYQUIST_HZ = SAMPLE_RATE_HZ / 2;
const INT16_SCALE = 32_768;

type FrameworkFrontEnd = Pick<FrontEnd, 'windowType' | 'lowFrequencyHz' | 'highFrequencyHz' | 'isSnippingEdges'> & {
  /** Default of the framework's own code, where the metadata does not specify it. */
  readonly defaultScale: number;
};

/**
 * The front end each framework trains with (sherpa-onnx uses one for all of them).
 * 3D-Speaker: speakerlab/process/processor.py (torchaudio's Kaldi defaults). WeSpeaker: wespeaker/dataset/processor.py.
 */
const FRAMEWORKS: Readonly<Record<string, FrameworkFrontEnd>> = {
  '3d-speaker': {
    windowType: 'povey',
    lowFrequencyHz: 20,
    highFrequencyHz: NYQUIST_HZ,
    isSnippingEdges: true,
    defaultScale: 1,
  },
  wespeaker: {
    windowType: 'hamming',
    lowFrequencyHz: 20,
    highFrequencyHz: NYQUIST_HZ,
    isSnippingEdges: true,
    defaultScale: INT16_SCALE,
  },
};

/**
 * The front end of a speaker model from its metadata: the framework's own, changed by the optional keys `window_type`,
 * `low_freq`, `high_freq` and `snip_edges`, and by `overrides`, which take precedence. Throws MODEL_INVALID.
 */
export function frontEndOf({ properties, inputs }: OnnxMetadata, overrides: FrontEndOverrides = {}): FrontEnd {
  const name = (properties.get('framework') ?? '').toLowerCase();
  const framework = FRAMEWORKS[name];
  if (!framework) {
    if (name === 'nemo') throw invalid('the front end of NeMo models is not supported yet');
    if (name === '') throw invalid('its metadata names no framework');
    throw invalid(
      `framework "${clip(properties.get('framework'))}" is not one of ${Object.keys(FRAMEWORKS).join(', ')}`,
    );
  }
  const frontEnd: FrontEnd = {
    sampleRateHz: assertSampleRate(properties),
    melBands: inputs[0]?.shape[2] ?? 80,
    windowType: windowTypeOf(properties.get('window_type')) ?? framework.windowType,
    lowFrequencyHz: numberOf(properties, 'low_freq') ?? framework.lowFrequencyHz,
    highFrequencyHz: fromNyquist(numberOf(properties, 'high_freq')) ?? framework.highFrequencyHz,
    isSnippingEdges: flagOf(properties, 'snip_edges') ?? framework.isSnippingEdges,
    amplitudeScale: scaleOf(flagOf(properties, 'normalize_samples')) ?? framework.defaultScale,
    isMeanSubtracted: isMeanSubtracted(properties.get('feature_normalize_type')),
    ...overrides,
  };
  if (!(frontEnd.lowFrequencyHz >= 0 && frontEnd.lowFrequencyHz < frontEnd.highFrequencyHz)) {
    throw invalid('low_freq is not below high_freq');
  }
  if (frontEnd.highFrequencyHz > NYQUIST_HZ) throw invalid(`high_freq is above ${NYQUIST_HZ}`);
  return frontEnd;
}

/** The rate of all audio here; where the metadata states none, the model is taken to have it. Throws MODEL_INVALID. */
export function assertSampleRate(properties: ReadonlyMap<string, string>): typeof SAMPLE_RATE_HZ {
  const text = properties.get('sample_rate');
  if (text !== undefined && Number(text) !== SAMPLE_RATE_HZ) {
    throw invalid(`sample_rate "${clip(text)}" is not ${SAMPLE_RATE_HZ}`);
  }
  return SAMPLE_RATE_HZ;
}

function windowTypeOf(text: string | undefined): FrontEnd['windowType'] | undefined {
  if (text === undefined || text === 'povey' || text === 'hamming') return text;
  throw invalid(`window_type "${clip(text)}" is neither povey nor hamming`);
}

function isMeanSubtracted(text: string | undefined): boolean {
  if (text === undefined || text === '') return false;
  if (text === 'global-mean') return true;
  throw invalid(`feature_normalize_type "${clip(text)}" is not known; only global-mean or none`);
}

/** Kaldi's convention: values of 0 or less are offsets from the Nyquist frequency. */
function fromNyquist(hz: number | undefined): number | undefined {
  return hz === undefined || hz > 0 ? hz : NYQUIST_HZ + hz;
}

/** sherpa-onnx's `normalize_samples`: 1 feeds amplitudes in [-1, 1], 0 feeds int16 amplitudes. */
function scaleOf(isNormalized: boolean | undefined): number | undefined {
  if (isNormalized === undefined) return undefined;
  return isNormalized ? 1 : INT16_SCALE;
}

function numberOf(properties: ReadonlyMap<string, string>, key: string): number | undefined {
  const text = properties.get(key);
  if (text === undefined || text === '') return undefined;
  const number = Number(text);
  if (!Number.isFinite(number)) throw invalid(`${key} "${clip(text)}" is not a number`);
  return number;
}

function flagOf(properties: ReadonlyMap<string, string>, key: string): boolean | undefined {
  const text = properties.get(key)?.toLowerCase();
  if (text === undefined || text === '') return undefined;
  if (text === '1' || text === 'true') return true;
  if (text === '0' || text === 'false') return false;
  throw invalid(`${key} "${clip(text)}" is neither 0 nor 1`);
}

/** Metadata is untrusted text: messages show little of it. */
const clip = (text: string | undefined): string => (text ?? '').slice(0, 40);

function invalid(problem: string): VoicePrintsError {
  const remedy = 'use a speaker model with metadata as sherpa-onnx writes it';
  return new VoicePrintsError('MODEL_INVALID', `the speaker model cannot be used: ${problem}; ${remedy}`);
}
