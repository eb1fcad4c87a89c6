import type { FeedbackVerdict, Learning } from '../../core/feedback.js';
import type { UnknownVoice } from '../../core/unknownVoice.js';
import type { Exemplar, Voiceprint } from '../../core/voiceprint.js';
import type { Said } from './turnEntry.js';

/** What one voiceprint was before it learnt, and what it has learnt. */
export interface VoiceprintChange {
  readonly speakerId: string;
  /** Undefined where the person was added. */
  readonly before: Voiceprint | undefined;
  readonly after: Voiceprint;
  readonly added: readonly Exemplar[];
  /** Samples that gave way. */
  readonly dropped: readonly Exemplar[];
}

/** A voice of a running session that was told whose it is, or is not. */
export interface SessionChange {
  readonly sessionId: string;
  readonly voice: number;
  readonly speakerId: string;
  readonly isExcluded: boolean;
  /** Whose it was said to be before. */
  readonly before: string | undefined;
}

/** One piece of feedback, with all that it takes to undo it. */
export interface FeedbackRecord {
  readonly feedbackId: string;
  readonly givenAtMs: number;
  readonly verdict: FeedbackVerdict;
  readonly speakerId: string | null;
  /** All people it concerns: erasing one of them erases the record. */
  readonly speakerIds: ReadonlySet<string>;
  readonly turnIds: readonly string[];
  /** What had been said of each turn before. */
  readonly saidBefore: ReadonlyMap<string, Said | undefined>;
  readonly learning: Learning;
  readonly voiceprint: VoiceprintChange | undefined;
  readonly session: SessionChange | undefined;
  /** The unknown voice that became this person. */
  readonly unknownVoice: UnknownVoice | undefined;
  /** Earlier feedback that this one contradicts: undone with it, and valid again when it is undone. */
  superseded: readonly FeedbackRecord[];
  isUndone: boolean;
  /** True where undoing it has erased the person whom it had added. */
  hasErased: boolean;
}
