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
  /** Besides `narrowBand`, where both sides are telephone audio: the line makes all voices alike. */
  readonly narrowBandBoth?: number;
  /**
   * Mean of many people's voiceprints, not of unit norm, shape (d,). Noise and rooms move a voice away from it, and lower
   * its cosines to everybody: what is left of the likeness to the mean voice tells how much.
   */
  readonly meanVoice?: readonly number[];
  readonly probeTypicality?: number;
  readonly voiceTypicality?: number;
  /** llr a best-of-gallery score must reach so that a stranger is named in the given percentage of trials. */
  readonly falseAcceptLlr: { readonly '0.1': number; readonly '1': number; readonly '5': number };
  /** How many people the strangers of `falseAcceptLlr` were compared with. */
  readonly gallerySize?: number;
  /** Mean cosine of two windows of 1.5 s within one recording: of one voice, and of two. Clustering stops between. */
  readonly windowCosine?: { readonly same: number; readonly different: number };
  /** llr that two pooled voices of one recording are one person = offset + cosine × (cosine). */
  readonly recordingCosine?: { readonly offset: number; readonly cosine: number };
  /** What it was fitted on, in words. */
  readonly source: string;
}
