/** Turns a cosine and the seconds behind it into a natural-log likelihood ratio; see src/identity/calibration.ts. */
export interface CalibrationParameters {
  /**
   * llr = offset + cosine × (cosine) + logSeconds × ln(min(speech seconds, 30)) + cosineLogSeconds × their product
   * + narrowBand × flag + narrowBandBoth × flag + probeTypicality × (probe · meanVoice) + voiceTypicality × (voiceprint · meanVoice)
   */
  readonly offset: number;
  readonly cosine: number;
  readonly logSeconds: number;
  readonly cosineLogSeconds: number;
  readonly narrowBand: number;
  /** Added to `narrowBand` where both sides are telephone audio: the line makes all voices more similar. */
  readonly narrowBandBoth?: number;
  /**
   * Mean of many people's voiceprints, not of unit norm, shape (d,). Noise and rooms move a voice away from it, and lower
   * all of its cosines: its remaining similarity to the mean voice measures by how much.
   */
  readonly meanVoice?: readonly number[];
  readonly probeTypicality?: number;
  readonly voiceTypicality?: number;
  /** llr that the best score of a gallery must reach so that somebody who is not enrolled is named in the given percentage of trials. */
  readonly falseAcceptLlr: { readonly '0.1': number; readonly '1': number; readonly '5': number };
  /** Enrolled people per trial of `falseAcceptLlr`. */
  readonly gallerySize?: number;
  /** Mean cosine of two windows of 1.5 s within one recording: of one voice, and of two. Clustering stops between the two. */
  readonly windowCosine?: { readonly same: number; readonly different: number };
  /** llr that two pooled voices of one recording are one person = offset + cosine × (cosine). */
  readonly recordingCosine?: { readonly offset: number; readonly cosine: number };
  /** Description of the data it was fitted on. */
  readonly source: string;
}
