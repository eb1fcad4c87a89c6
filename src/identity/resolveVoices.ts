import type { SampleSpan } from '../core/audioFrame.js';
import type { CalibrationParameters } from '../core/calibration.js';
import type { Decision, FalseAcceptPercent } from '../core/identification.js';

/** One enrolled person as the matcher sees them: numbers only, so that it crosses to a worker. */
export interface EnrolledVoice {
  readonly id: string;
  /** Unit-norm embeddings of the accepted samples, each of shape (d,). */
  readonly exemplars: readonly Float32Array<ArrayBuffer>[];
  /** Unit norm, shape (d,). */
  readonly mean: Float32Array<ArrayBuffer>;
  readonly speechSeconds: number;
}

/** Everything that is known of one recording before voices are told apart. */
export interface VoicesInput {
  readonly dimensions: number;
  /** Unit-norm embeddings of the windows, row-major, shape (windows, dimensions). */
  readonly embeddings: Float32Array<ArrayBuffer>;
  /** Where the windows lie, on the engine's clock, in order of their middles; one for each row of `embeddings`. */
  readonly windows: readonly SampleSpan[];
  /** Stretches of speech, in order, not touching; each window lies in one of them. */
  readonly speech: readonly SampleSpan[];
  readonly voices: readonly EnrolledVoice[];
  readonly calibration: CalibrationParameters;
  readonly falseAcceptPercent: FalseAcceptPercent;
  /** True for telephone audio (a source of 8 kHz, or nothing above 4 kHz). */
  readonly isNarrowBand: boolean;
}

/** One enrolled person as a possible owner of a turn. */
export interface ResolvedCandidate {
  readonly voiceId: string;
  /** Calibrated probability 0..1. */
  readonly score: number;
  readonly cosine: number;
}

/** One turn of one voice. */
export interface ResolvedTurn extends SampleSpan {
  /** Number of the voice in this recording, in order of appearance, from 0; one number for one enrolled person. */
  readonly cluster: number;
  /** Given exactly where `decision` is `identified` or `uncertain`. */
  readonly voiceId: string | null;
  readonly decision: Decision;
  /** Calibrated probability that the best candidate is right, 0..1; 0 where nobody is enrolled. */
  readonly score: number;
  /** Score of the best less that of the runner-up. */
  readonly margin: number;
  readonly cosine: number | null;
  readonly isOverlap: boolean;
  /** Best three, best first. */
  readonly candidates: readonly ResolvedCandidate[];
}

/** Turns in order of their start, not overlapping. */
export interface VoicesResult {
  readonly turns: readonly ResolvedTurn[];
}

/** Tells the voices of one recording apart and names those who are enrolled. Pure; runs in a worker. */
export function resolveVoices(input: VoicesInput): VoicesResult {
  void input;
  return { turns: [] };
}
