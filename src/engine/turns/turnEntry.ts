import type { FeedbackVerdict } from '../../core/feedback.js';
import type { Decision } from '../../core/identification.js';
import type { ResolvedCandidate } from '../../identity/voices.js';

/** What a person said of a turn, or of the voice it belongs to. */
export interface Said {
  readonly feedbackId: string;
  readonly verdict: FeedbackVerdict;
  /** Whose it is; null after a rejection. */
  readonly speakerId: string | null;
}

/** The sound of a turn, as far as it may be kept. */
export interface TurnSound {
  /** Unit norm, shape (d,), of the engine's model. */
  readonly embedding: Float32Array<ArrayBuffer>;
  readonly snrDb?: number | undefined;
  readonly isNarrowBand: boolean;
}

/** A turn as it is remembered. Names are looked up when it is shown, so that it follows renames and erasures. */
export interface TurnEntry {
  readonly turnId: string;
  readonly conversationId: string;
  readonly kind: 'recording' | 'live';
  readonly site: string | null;
  readonly heardAtMs: number;
  readonly start: number;
  readonly end: number;
  readonly speechSeconds: number;
  /** Which voice of the conversation it is; undefined where that is not known: it is one of its own. */
  voice: string | undefined;
  decision: Decision;
  speakerId: string | null;
  cluster: string | null;
  score: number;
  readonly margin: number;
  readonly cosine: number | null;
  readonly acceptScore: number;
  readonly overlap: boolean;
  candidates: readonly ResolvedCandidate[];
  said: Said | undefined;
  sound: TurnSound | undefined;
  /** When its sound is dropped unless it is an enrolled person's; undefined: with the turn. */
  soundUntilMs: number | undefined;
}

/** Whose a turn is: as a person said, else as it was identified. */
export const ownerOf = ({ said, speakerId }: TurnEntry): string | null => (said ? said.speakerId : speakerId);

/** True where the turn is surely somebody enrolled: named, or said to be. */
export const isNamed = ({ said, decision }: TurnEntry): boolean =>
  said ? said.speakerId !== null : decision === 'identified';

/** True for turns of one voice of one conversation. */
export const isSameVoice = (one: TurnEntry, other: TurnEntry): boolean =>
  one === other ||
  (one.conversationId === other.conversationId && one.voice !== undefined && one.voice === other.voice);
