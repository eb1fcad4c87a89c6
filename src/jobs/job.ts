import type { ErrorCode } from '../core/errors.js';
import type { FalseAcceptPercent } from '../core/identification.js';
import type { AudioSelection, RawFormat } from '../core/recording.js';

/** What a job does with its recording. */
export type JobTask =
  | {
      readonly kind: 'identify';
      /** Only these people, all of them complete; undefined: everybody. */
      readonly speakerIds?: readonly string[] | undefined;
      readonly falseAcceptPercent?: FalseAcceptPercent | undefined;
      /** Each audio track, or each channel, is one person. */
      readonly isSpeakerPerChannel?: boolean | undefined;
    }
  | {
      readonly kind: 'diarize';
      /** How many people speak; undefined where nobody knows. */
      readonly speakerCount?: number | undefined;
      /** People to be named; undefined: nobody, voices are only told apart. */
      readonly speakerIds?: readonly string[] | undefined;
      /** Each audio track, or each channel, is one person. */
      readonly isSpeakerPerChannel: boolean;
    }
  | {
      readonly kind: 'vad';
      /** Shorter pauses belong to the speech around them. */
      readonly minNonSpeechMs: number;
    };

/** Where the audio of a job waits: with us, or behind a URL that is fetched when the job runs. */
export type JobAudio =
  | { readonly kind: 'stored'; readonly audioId: string; readonly bytes: number }
  | { readonly kind: 'url'; readonly url: string };

/** A job as it is accepted. Plain data. */
export interface JobOrder {
  readonly tenantId: string;
  /** Whose job it is among the API keys of the tenant; undefined where it came without a key. */
  readonly ownerId?: string | undefined;
  /** The caller's name for the job, unique within the tenant. */
  readonly requestId: string;
  /** The call that was made, as answers repeat it. */
  readonly call: string;
  readonly task: JobTask;
  readonly audio: JobAudio;
  readonly rawFormat?: RawFormat | undefined;
  /** The part of the recording that is used. */
  readonly selection?: AudioSelection | undefined;
  /** Where the outcome is sent. May carry credentials: never shown. */
  readonly webhookUrl?: string | undefined;
  /** SHA-256 (hex) over everything asked for, the audio included: tells a repeated request from another one. */
  readonly digest: string;
}

export type JobStatus = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export interface JobFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, number | string>>;
}

/** What became of a job: the engine's answer, as plain data, or why there is none. */
export type JobOutcome = { readonly result: unknown } | { readonly failure: JobFailure };

export interface Job extends JobOrder {
  readonly status: JobStatus;
  /** How often it was begun. */
  readonly tries: number;
  readonly createdAtMs: number;
  readonly startedAtMs?: number | undefined;
  readonly endedAtMs?: number | undefined;
  /** Of `done` and `failed`. */
  readonly outcome?: JobOutcome | undefined;
  /** Of the try before this one. */
  readonly lastFailure?: JobFailure | undefined;
  /** Audio worked on, in the try that came furthest. */
  readonly audioMs?: number | undefined;
}

/** How far a running job is: milliseconds of audio; `totalMs` undefined where the recording does not say. */
export interface JobProgress {
  readonly doneMs: number;
  readonly totalMs: number | undefined;
}
