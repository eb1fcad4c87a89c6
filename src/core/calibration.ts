/** Turns a cosine and the seconds behind it into a natural-log likelihood ratio; see src/identity/calibration.ts. */
export interface CalibrationParameters {
  /**
   * llr = offset + cosine × c + logSeconds × ln p + cosineLogSeconds × c ln p + voiceLogSeconds × ln v + cosineVoiceLogSeconds × c ln v
   * + alone × a + cosineAlone × c a + narrowBand × flag + narrowBandBoth × flag, where c is the cosine, centred where `centring` says so;
   * p and v are the seconds of speech of the probe and of the voiceprint, .5 to `mostSeconds`; a is centring / (centring + others enrolled)
   */
  readonly offset: number;
  readonly cosine: number;
  readonly logSeconds: number;
  readonly cosineLogSeconds: number;
  readonly voiceLogSeconds?: number;
  readonly cosineVoiceLogSeconds?: number;
  readonly alone?: number;
  readonly cosineAlone?: number;
  readonly narrowBand: number;
  /** Added to `narrowBand` where both sides are telephone audio: the line makes all voices more similar. */
  readonly narrowBandBoth?: number;
  /** Speech beyond this adds no certainty: the longest that was fitted. 30 where not given. */
  readonly mostSeconds?: number;
  /**
   * Pseudo-count of the shrinkage of the gallery mean towards 0. Both sides are centred on the mean of everybody else
   * enrolled, so that what a line, a room or a studio adds to all its voices does not count as similarity of two. Not
   * given: not centred.
   */
  readonly centring?: number;
  /** llr that the best score of a gallery must reach so that somebody who is not enrolled is named in the given percentage of trials. */
  readonly falseAcceptLlr: { readonly '0.1': number; readonly '1': number; readonly '5': number };
  /** Enrolled people per trial of `falseAcceptLlr`. */
  readonly gallerySize?: number;
  /** Growth of the thresholds with the natural logarithm of the number of people enrolled. 1 where not given. */
  readonly gallerySlope?: number;
  /** Mean cosine of two windows of 1.5 s within one recording: of one voice, and of two. Clustering stops between the two. */
  readonly windowCosine?: { readonly same: number; readonly different: number };
  /** llr that two pooled voices of one recording are one person = offset + cosine × (cosine). */
  readonly recordingCosine?: { readonly offset: number; readonly cosine: number };
  /** Description of the data it was fitted on. */
  readonly source: string;
}
