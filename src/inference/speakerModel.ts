/** How a speaker model wants its log-mel features; from the ONNX metadata, or a table by framework. */
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

/** Turns a cosine and the seconds behind it into a natural-log likelihood ratio; see src/identity/calibration.ts. */
export interface CalibrationParameters {
  /** llr = offset + cosine × (cosine) + logSeconds × ln(min(speech seconds, 30)) + cosineLogSeconds × their product + narrowBand × flag */
  readonly offset: number;
  readonly cosine: number;
  readonly logSeconds: number;
  readonly cosineLogSeconds: number;
  readonly narrowBand: number;
  /** llr a best-of-gallery score must reach so that a stranger is named in the given percentage of trials. */
  readonly falseAcceptLlr: { readonly '0.1': number; readonly '1': number; readonly '5': number };
  /** What it was fitted on, in words. */
  readonly source: string;
}

/** One speaker model as `models list` shows it. */
export interface SpeakerModel {
  readonly id: string;
  readonly path: string;
  readonly dimensions: number;
  readonly sampleRateHz: number;
  readonly framework: string;
  readonly language: string;
  readonly licence: string;
  readonly sha256: string;
  readonly isBuiltIn: boolean;
  readonly frontEnd: FrontEnd;
  readonly calibration: CalibrationParameters | undefined;
}
