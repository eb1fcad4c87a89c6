import type {
  FeedbackResult,
  FeedbackSummary,
  FeedbackVerdict,
  RememberedTurn,
  TurnTier,
} from '../../core/feedback.js';

/** What a person says of a turn, or of an unknown voice: exactly one of `turnId` and `cluster`. */
export interface FeedbackRequest {
  readonly turnId?: string;
  /** `unknown-3` of a live stream; with `correct` only. */
  readonly cluster?: string;
  /** `confirm`: it is whom it was named, or suggested, as; `correct`: it is `speakerId`; `reject`: it is not whom it was named as. */
  readonly verdict: FeedbackVerdict;
  /** Enrolled or new; a new person needs enough speech, and consent where the store requires it. */
  readonly speakerId?: string;
  /** Of a new person. */
  readonly name?: string;
  readonly consentText?: string;
  readonly consentVersion?: string;
  readonly languageCode?: string;
  /** Only this turn; by default every turn of its voice in the conversation. */
  readonly isOnlyTurn?: boolean;
  /** The person may be another voice of this conversation already: both are the same person. */
  readonly isAlsoOther?: boolean;
}

export interface TurnFilter {
  readonly conversationId?: string;
  /** Turns that are this person's now. */
  readonly speakerId?: string;
  readonly tier?: TurnTier;
  /** The newest so many; 100 by default, 1,000 at most. */
  readonly limit?: number;
}

/** Recent turns of one tenant, in memory for a day at most, and what people said of them. */
export interface TurnDirectory {
  /** Newest first. */
  list(filter?: TurnFilter): Promise<readonly RememberedTurn[]>;
  /**
   * Names the voice of a turn, or takes its name back. All its turns follow, and running sessions; the voiceprint learns from
   * it through the gate of `enroll`, with bounded weight. Throws TURN_NOT_FOUND, CLUSTER_NOT_FOUND, NAME_TAKEN, ENROLL_REFUSED (a new
   * person without enough speech), CONSENT_REQUIRED, SPEAKER_ID_INVALID, INPUT_INVALID.
   */
  feedback(request: FeedbackRequest): Promise<FeedbackResult>;
  /** Feedback that can be undone, newest first. */
  history(): Promise<readonly FeedbackSummary[]>;
  /** Takes back what was said and learnt; a person added by it is erased. Throws FEEDBACK_NOT_FOUND. */
  undo(feedbackId: string): Promise<FeedbackSummary>;
  /** Forgets all turns, or those of one conversation. Returns their number. */
  forget(conversationId?: string): Promise<number>;
}
