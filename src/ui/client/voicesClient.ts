import type { EnrollResult, Identification, SpeakerSummary } from '../../core/identification.js';
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

/** What is stored with a sample besides the voiceprint. */
export interface SampleDetails {
  readonly name?: string;
  readonly consentText?: string;
  readonly consentVersion?: string;
}

export interface Source {
  readonly source: string;
  readonly site: string;
  readonly status: string;
  readonly code?: string;
  readonly present: string;
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
  unknownVoices(): Promise<UnknownVoices>;
  forget(unknownId: string): Promise<void>;
  identify(audio: Blob, signal?: AbortSignal): Promise<Identification>;
  sources(): Promise<readonly Source[]>;
  readonly openStream?: (options: StreamOptions) => LiveStream;
}
