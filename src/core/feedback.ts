import type { Candidate, Decision, SampleReason } from './identification.js';
import type { EnrollQuality } from './voiceprint.js';

/** How sure the name of a turn is. `suggested`: worth asking "Is this …?"; `certain`: named, or said by a person. */
export const TURN_TIERS = ['certain', 'suggested', 'unmatched'] as const;
export type TurnTier = (typeof TURN_TIERS)[number];

/** Why a turn has its name: what was compared, and what it would have taken. */
export interface TurnReason {
  /** Of the voice to the best candidate; null where no one is enrolled. */
  readonly cosine: number | null;
  readonly speechSeconds: number;
  readonly score: number;
  /** Score from which a voice is named. */
  readonly acceptScore: number;
  /** The same to show: `cosine .71, 4.2 s, accept at .97`. */
  readonly text: string;
}

/** What a person said of a turn. */
export const FEEDBACK_VERDICTS = ['confirm', 'correct', 'reject'] as const;
export type FeedbackVerdict = (typeof FEEDBACK_VERDICTS)[number];

/** A recent turn, remembered for a while so that a person can say whose it is. Never an embedding. */
export interface RememberedTurn {
  /** Unique within the tenant. */
  readonly turnId: string;
  /** Shared by the turns of one recording, or of one live session (its id). */
  readonly conversationId: string;
  readonly kind: 'recording' | 'live';
  /** The site of a live session; null for a recording, whose name is not kept. */
  readonly site: string | null;
  /** When it was identified, ISO 8601. */
  readonly heardAt: string;
  /** Seconds of the recording or stream. */
  readonly start: number;
  readonly end: number;
  readonly speechSeconds: number;
  readonly decision: Decision;
  readonly speakerId: string | null;
  readonly name: string | null;
  /** `unknown-1` …: of a recording its own numbers, of a live session those of the store. */
  readonly cluster: string | null;
  readonly score: number;
  readonly margin: number;
  readonly overlap: boolean;
  /** Best three, best first. */
  readonly candidates: readonly Candidate[];
  readonly tier: TurnTier;
  readonly why: TurnReason;
  /** What a person said of it last; null: nothing. */
  readonly said: FeedbackVerdict | null;
  /** False where nothing of its sound is kept: feedback names it, and no voiceprint learns from it. */
  readonly isLearnable: boolean;
}

/** What became of the voiceprint with a piece of feedback. */
export interface Learning {
  /** `enrolled`: a person was added; `improved`: a voiceprint was; `none`: nothing was learnt, for the reasons given. */
  readonly outcome: 'enrolled' | 'improved' | 'none';
  /** Speech that was added. */
  readonly speechSeconds: number;
  /** What the gate said; those that refuse are why nothing was learnt. */
  readonly reasons: readonly SampleReason[];
}

/** One piece of feedback and what it changed. */
export interface FeedbackResult {
  /** Undoes it: see `undo`. */
  readonly feedbackId: string;
  readonly verdict: FeedbackVerdict;
  /** Who the voice is now; null after a rejection. */
  readonly speakerId: string | null;
  readonly name: string | null;
  /** Turns that have another name, or are certain of it, now: all of that voice. */
  readonly turnIds: readonly string[];
  readonly learning: Learning;
}

/** A piece of feedback as lists show it. */
export interface FeedbackSummary extends FeedbackResult {
  readonly givenAt: string;
  readonly isUndone: boolean;
}

/** One accepted sample of a voiceprint: never its embedding. */
export interface SpeakerSample {
  /** Stands for the sample while the voiceprint is made with one model. */
  readonly sampleId: string;
  /** `feedback`: learnt from a turn that a person confirmed or corrected. */
  readonly origin: 'enrolment' | 'feedback';
  readonly speechSeconds: number;
  readonly snrDb: number;
  readonly bandwidthHz: number;
  readonly quality: EnrollQuality;
  /** Cosine to the rest of the voiceprint: a stray has little; null for the only one. */
  readonly likeness: number | null;
  readonly hasAudio: boolean;
  readonly addedAt: string;
}
