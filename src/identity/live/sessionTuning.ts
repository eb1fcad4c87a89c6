import type { CalibrationParameters } from '../../core/calibration.js';
import type { FalseAcceptPercent } from '../../core/identification.js';
import type { WindowSimilarity } from '../clusterWindows.js';

/** Similarity is as relativeSimilarity gives it. Found on conversations of other seeds than those that are reported. */
export const SESSION_TUNING = {
  /** A turn that is so surely a voice's, and at least this long, is learnt from; clustering anew gives it to another where that fits better. */
  learn: 0.3,
  learnSeconds: 1,
  /** A turn that is so surely a voice's is renamed with it. */
  follow: 0.9,
  /** Speech from which a turn like no voice is a new one. */
  foundSeconds: 1,
  /** Two voices more alike than this are one, unless they have different names. */
  merge: 0.85,
  /** Evidence, as llr, that it takes to give a voice another name than it has. */
  stickyLlr: 4,
  /** Voices kept; the one heard longest ago gives way. */
  mostVoices: 40,
  /** Turns that are remembered one by one, so that they can turn out to be somebody else's. */
  mostTurns: 100,
  /** Voices less likely a turn's than this say nothing of its name. */
  leastShare: 0.01,
  /** So many of the likeliest people of each voice are looked at for all of them. */
  likeliest: 8,
};

/** Defaults of a calibration: as measured with the built-in model. */
const WINDOW_COSINE: WindowSimilarity = { same: 0.6, different: 0.2 };

export interface SessionVoicesOptions {
  readonly calibration: CalibrationParameters;
  readonly falseAcceptPercent: FalseAcceptPercent;
}

/** Similarity of windows before a session has compared any. */
export const usualSimilarity = ({ windowCosine = WINDOW_COSINE }: CalibrationParameters): WindowSimilarity =>
  windowCosine;
