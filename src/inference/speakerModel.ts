import type { CalibrationParameters } from '../core/calibration.js';

export type { CalibrationParameters } from '../core/calibration.js';

/** Log-mel front end of a speaker model; from the ONNX metadata, or a table by framework. */
export interface FrontEnd {
  readonly sampleRateHz: 16_000;
  readonly melBands: number;
  readonly windowType: 'povey' | 'hamming';
  readonly lowFrequencyHz: number;
  /** Above 0; already resolved where the metadata gave an offset from Nyquist. */
  readonly highFrequencyHz: number;
  /** Kaldi's `snip_edges`: true drops the last incomplete frame, false mirrors the signal at its ends. */
  readonly isSnippingEdges: boolean;
  /** 32768 where the network was trained on int16 amplitudes, else 1. */
  readonly amplitudeScale: number;
  readonly isMeanSubtracted: boolean;
}

/** One speaker model as `models list` shows it. */
export interface SpeakerModel {
  /** Stored with every embedding; two different files never have the same id. */
  readonly id: string;
  /** Short id in the store of added models; absent for a built-in model and for one given by path. */
  readonly storedAs?: string;
  readonly path: string;
  readonly dimensions: number;
  readonly sampleRateHz: number;
  readonly framework: string;
  readonly language: string;
  readonly licence: string;
  readonly sha256: string;
  readonly isBuiltIn: boolean;
  /** Undefined where the network takes the waveform (amplitudes in [-1, 1]): its front end is in the graph. */
  readonly frontEnd: FrontEnd | undefined;
  readonly calibration: CalibrationParameters | undefined;
}
