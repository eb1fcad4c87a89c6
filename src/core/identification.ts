import type { ErrorCode } from './errors.js';
import type { EnrollQuality } from './voiceprint.js';

/** `identified`: the score passes the chosen false-accept preset and the margin; `uncertain`: near it; `unknown`: no enrolled person. */
export type Decision = 'identified' | 'uncertain' | 'unknown';

/** False-accept rates in percent: how often a voice that is not enrolled is named. Users choose one instead of a cosine. */
export const FALSE_ACCEPT_PERCENTS = [0.1, 1, 5] as const;
export type FalseAcceptPercent = (typeof FALSE_ACCEPT_PERCENTS)[number];

/** The false-accept preset of every surface where none is chosen. */
export const DEFAULT_FALSE_ACCEPT_PERCENT: FalseAcceptPercent = 1;

/** One candidate for a turn. `score` is a calibrated probability 0..1, `cosine` the raw similarity. */
export interface Candidate {
  readonly speakerId: string;
  readonly name: string;
  readonly score: number;
  readonly cosine: number;
}

/** One turn of one voice. Seconds since the recording began. */
export interface IdentifiedSegment {
  /** By which feedback refers to it; absent where turns are not remembered. */
  readonly turnId?: string;
  /** Null unless `decision` is `identified` (then `cluster` is null) or `uncertain` (then both are given). */
  readonly speakerId: string | null;
  readonly name: string | null;
  /** `unknown-1`, `unknown-2` … in order of appearance; null for an identified voice. */
  readonly cluster: string | null;
  readonly start: number;
  readonly end: number;
  /** Calibrated probability that the best candidate is right, 0..1; 0 where no one is enrolled. */
  readonly score: number;
  /** Score of the best less that of the runner-up (or 0 where there is none), 0..1. */
  readonly margin: number;
  readonly cosine: number | null;
  readonly decision: Decision;
  readonly overlap: boolean;
  /** Best three, best first. */
  readonly candidates: readonly Candidate[];
}

/** Codes that occur as warnings only; a warning may also carry an ErrorCode such as AUDIO_TRUNCATED. */
export const WARNING_CODES = [
  'AUDIO_NARROW_BAND',
  'AUDIO_TRACK_SKIPPED',
  'MODEL_UNCALIBRATED',
  'NOBODY_ENROLLED',
  'VOICEPRINT_STALE',
] as const;
export type WarningCode = (typeof WARNING_CODES)[number];

/** A remark on a result that was produced nevertheless. */
export interface Warning {
  readonly code: ErrorCode | WarningCode;
  readonly message: string;
}

/** Who speaks when in one recording. */
export interface Identification {
  /** Shared by the ids of its turns; absent where they are not remembered. */
  readonly conversationId?: string;
  readonly durationSeconds: number;
  /** Id of the speaker model. */
  readonly model: string;
  /** In order of `start`. Empty where there is no speech (then there is a warning AUDIO_NO_SPEECH). */
  readonly segments: readonly IdentifiedSegment[];
  readonly warnings: readonly Warning[];
}

/** A segment of speech of any speaker. Seconds since the recording began. */
export interface SpeechSegment {
  readonly start: number;
  readonly end: number;
}

/** Where there is speech in one recording. */
export interface SpeechActivity {
  readonly durationSeconds: number;
  /** In order, never adjacent or overlapping. */
  readonly segments: readonly SpeechSegment[];
  readonly warnings: readonly Warning[];
}

/** Who speaks when, with a label for each voice, named or not. */
export interface Diarization {
  readonly durationSeconds: number;
  /** Id of the speaker model. */
  readonly model: string;
  /** Number of voices. */
  readonly speakers: number;
  /** `label` is the speaker id of an identified person, else `speaker1`, `speaker2` … in order of appearance. */
  readonly segments: readonly (IdentifiedSegment & { readonly label: string })[];
  readonly warnings: readonly Warning[];
}

/** Why an enrolment sample was refused, or accepted with a remark. */
export type SampleReasonCode =
  | 'TOO_LITTLE_SPEECH'
  | 'TOO_NOISY'
  | 'TOO_QUIET'
  | 'CLIPPED'
  | 'NARROW_BAND'
  | 'DC_OFFSET'
  | 'SECOND_VOICE'
  | 'DISAGREES_WITH_EARLIER'
  | 'COLLIDES_WITH_OTHER'
  | 'SAME_RECORDING'
  | 'NOTHING_KEPT'
  | 'AUDIO_UNREADABLE';

/** `message` states the problem and its remedy; where `refuses` is false, the sample was accepted nevertheless. */
export interface SampleReason {
  readonly code: SampleReasonCode;
  readonly refuses: boolean;
  readonly message: string;
  /** Where in the sample, of SECOND_VOICE. */
  readonly at?: readonly SpeechSegment[];
  /** Whom it sounds like, of COLLIDES_WITH_OTHER. */
  readonly speakerId?: string;
}

export interface SampleOutcome {
  /** The caller's label: a file name or `sample 1`. */
  readonly file: string;
  readonly accepted: boolean;
  readonly speechSeconds: number;
  readonly snrDb: number | null;
  readonly reasons: readonly SampleReason[];
}

/** Outcome of an enrolment, or what it would be (`isTrial`). `rejected`: no sample was accepted and nothing was stored. */
export interface EnrollResult {
  readonly speakerId: string;
  readonly name: string;
  readonly status: 'accepted' | 'complete' | 'rejected';
  /** Total accepted speech of this and earlier enrolments. */
  readonly speechSeconds: number;
  readonly audioSeconds: number;
  readonly quality: EnrollQuality;
  readonly reasons: readonly SampleReason[];
  readonly samples: readonly SampleOutcome[];
  /** A trial: nothing was stored, whatever the status. */
  readonly isTrial?: true;
}

/** One person as lists show them: never an embedding. */
export interface SpeakerSummary {
  readonly speakerId: string;
  readonly name: string;
  readonly isComplete: boolean;
  readonly speechSeconds: number;
  readonly audioSeconds: number;
  readonly quality: EnrollQuality;
  readonly samples: number;
  /** As given at enrolment; null where it was not. */
  readonly languageCode: string | null;
  /** Samples whose audio is kept, so that another model can embed them. */
  readonly samplesWithAudio: number;
  /** True when the voiceprint was made with another model: it is not matched until it is re-embedded from kept audio or enrolled again. */
  readonly isStale: boolean;
  readonly model: string;
  /** The last one that was given; `recordedBy` as the audit log names them. */
  readonly consent: {
    readonly text: string;
    readonly version: string | null;
    readonly givenAt: string;
    readonly recordedBy: string | null;
  } | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}
