import type {
  FeedbackResult,
  FeedbackSummary,
  FeedbackVerdict,
  RememberedTurn,
  SpeakerSample,
} from '../../core/feedback.js';
import type { EnrollResult, Identification, SpeakerSummary } from '../../core/identification.js';
import type { StreamStatus as SourceState } from '../../core/live.js';
import type { UnknownVoiceSummary } from '../../core/unknownVoice.js';
import type { SpeakerEvent } from '../../events/speakerEvent.js';

export type Scope = 'identify' | 'enrol' | 'admin';

/** Who is signed in, and what there is for them. */
export interface SessionInfo {
  readonly tenantId: string;
  readonly scopes: readonly Scope[];
  /** What is kept of unknown voices: `none`, `session` or `days=N`. */
  readonly strangers: string;
  /** Enrolments need a consent text. */
  readonly isConsentRequired: boolean;
  /** Id of the speaker model. */
  readonly model: string;
  readonly version: string;
}

export interface UnknownVoices {
  readonly strangers: string;
  readonly unknownVoices: readonly UnknownVoiceSummary[];
}

/** Which of the remembered turns. */
export interface TurnQuery {
  readonly conversationId?: string | undefined;
  /** The newest so many; 100 by default. */
  readonly limit?: number | undefined;
}

/** What a person says of a turn, or of an unknown voice. */
export interface Feedback extends SampleDetails {
  readonly turnId?: string;
  /** `unknown-3` */
  readonly cluster?: string;
  readonly verdict: FeedbackVerdict;
  /** Enrolled or new. */
  readonly speakerId?: string;
  readonly isOnlyTurn?: boolean;
  readonly isAlsoOther?: boolean;
}

/** Samples that are somebody else's. */
export interface Split {
  readonly sampleIds: readonly string[];
  /** Not enrolled yet. */
  readonly speakerId: string;
  readonly name: string;
}

/** What a recording is identified with; all of it optional. */
export interface IdentifyChoice {
  /** Only these people. */
  readonly speakerIds?: readonly string[];
  /** 0.1, 1 or 5. */
  readonly falseAcceptPercent?: string;
  readonly track?: string;
  readonly channel?: string;
  readonly isSpeakerPerChannel?: boolean;
  readonly speakerCount?: string;
}

/** What is stored with a sample besides the voiceprint. */
export interface SampleDetails {
  readonly name?: string;
  readonly consentText?: string;
  readonly consentVersion?: string;
}

export interface Source {
  readonly source: string;
  readonly site: string;
  readonly status: SourceState | 'stopped' | 'scheduled' | 'elsewhere' | 'waiting';
  readonly code?: string;
  /** What happened and what to do, in English. */
  readonly message?: string;
  /** Names, as text; `unknown` where only unknown voices are there, `nobody` where none is; absent where another process listens. */
  readonly present?: string;
}

/** How a live stream is doing. */
export type StreamStatus =
  | { readonly state: 'connecting' | 'open' | 'retrying' | 'ended' }
  | { readonly state: 'failed'; readonly message: string };

export interface EnrolUnknown extends SampleDetails {
  readonly speakerId: string;
  /** `unknown-3` */
  readonly cluster: string;
}

export interface StreamOptions {
  readonly sampleRateHz: number;
  /** Name of the place, repeated in every event. */
  readonly site: string;
  onEvent(event: SpeakerEvent): void;
  onStatus(status: StreamStatus): void;
}

/** Sound of one microphone on its way to be named. */
export interface LiveStream {
  /** Samples of one channel, 16 bits each. */
  push(samples: ArrayBuffer): void;
  /** No more sound: the last turns follow, then the status `ended`. */
  end(): void;
  /** Ends at once. */
  close(): void;
  /** Makes a person of an unknown voice of this stream. Throws Refused. */
  enrolUnknown(request: EnrolUnknown): Promise<EnrollResult>;
}

/**
 * What the components ask of a store, wherever they are shown. Every function throws Refused.
 * Where a home has no live streams, it leaves `openStream` out.
 */
export interface VoicesClient {
  session(): Promise<SessionInfo>;
  people(): Promise<readonly SpeakerSummary[]>;
  rename(speakerId: string, name: string): Promise<SpeakerSummary>;
  erase(speakerId: string): Promise<void>;
  /** Adds a recording of one voice through the enrolment gate. A refusal of the gate has its reasons. */
  addSample(speakerId: string, audio: Blob, details: SampleDetails): Promise<EnrollResult>;
  /** What the gate would say of a recording, and how the voiceprint would be; nothing is stored. */
  trySample(speakerId: string, audio: Blob): Promise<EnrollResult>;
  unknownVoices(): Promise<UnknownVoices>;
  forget(unknownId: string): Promise<void>;
  identify(audio: Blob, choice?: IdentifyChoice, signal?: AbortSignal): Promise<Identification>;
  /** Turns that are remembered, newest first. */
  turns(query?: TurnQuery): Promise<readonly RememberedTurn[]>;
  /** Names the voice of a turn, or takes its name back. */
  feedback(request: Feedback): Promise<FeedbackResult>;
  /** What was said of turns, newest first. */
  feedbackHistory(): Promise<readonly FeedbackSummary[]>;
  undo(feedbackId: string): Promise<FeedbackSummary>;
  /** Samples of a voiceprint, oldest first. */
  samples(speakerId: string): Promise<readonly SpeakerSample[]>;
  removeSample(speakerId: string, sampleId: string): Promise<SpeakerSummary>;
  /** Makes one person of two; `fromId` is erased. */
  merge(speakerId: string, fromId: string, isSure: boolean): Promise<SpeakerSummary>;
  /** Makes a new person of samples of another. */
  split(speakerId: string, request: Split): Promise<SpeakerSummary>;
  sources(): Promise<readonly Source[]>;
  readonly openStream?: (options: StreamOptions) => LiveStream;
}
