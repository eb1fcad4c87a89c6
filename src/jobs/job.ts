import type { ErrorCode } from '../core/errors.js';
import type { FalseAcceptPercent } from '../core/identification.js';
import type { PeopleCount } from '../core/peopleCount.js';
import type { AudioSelection, RawFormat } from '../core/recording.js';

/** The operation of a job on its recording. */
export type JobTask =
  | ({
      readonly kind: 'identify';
      /** Only these people, all of them complete; undefined: all enrolled people. */
      readonly speakerIds?: readonly string[] | undefined;
      readonly falseAcceptPercent?: FalseAcceptPercent | undefined;
      /** Each audio track, or each channel, is one person. */
      readonly isSpeakerPerChannel?: boolean | undefined;
    } & PeopleCount)
  | ({
      readonly kind: 'diarize';
      /** People to be named; undefined: none, voices are only labelled. */
      readonly speakerIds?: readonly string[] | undefined;
      /** Each audio track, or each channel, is one person. */
      readonly isSpeakerPerChannel: boolean;
    } & PeopleCount)
  | {
      readonly kind: 'vad';
      /** Shorter pauses are counted as speech. */
      readonly minNonSpeechMs: number;
    };

/** Where the audio of a job is: stored here, or at a URL that is fetched when the job runs. */
export type JobAudio =
  | { readonly kind: 'stored'; readonly audioId: string; readonly bytes: number }
  | { readonly kind: 'url'; readonly url: string };

/** A job as it is accepted. Plain data. */
export interface JobOrder {
  readonly tenantId: string;
  /** Owner of the job among the API keys of the tenant; undefined where it was submitted without a key. */
  readonly ownerId?: string | undefined;
  /** The caller's id of the job, unique within the tenant. */
  readonly requestId: string;
  /** The API call, as answers repeat it. */
  readonly call: string;
  readonly task: JobTask;
  readonly audio: JobAudio;
  readonly rawFormat?: RawFormat | undefined;
  /** The part of the recording that is used. */
  readonly selection?: AudioSelection | undefined;
  /** URL to which the outcome is sent. May contain credentials: never shown. */
  readonly webhookUrl?: string | undefined;
  /** SHA-256 (hex) of the whole request including its audio: distinguishes a repeated request from a different one. */
  readonly digest: string;
  /** W3C `traceparent` of the span in which it was accepted; undefined where nothing was traced. */
  readonly traceparent?: string | undefined;
}

export type JobStatus = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export interface JobFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, number | string>>;
}

/** Outcome of a job: the engine's result, as plain data, or the reason why there is none. */
export type JobOutcome = { readonly result: unknown } | { readonly failure: JobFailure };

export interface Job extends JobOrder {
  readonly status: JobStatus;
  /** How often it was started. */
  readonly tries: number;
  readonly createdAtMs: number;
  readonly startedAtMs?: number | undefined;
  readonly endedAtMs?: number | undefined;
  /** Undefined unless `done` or `failed`. */
  readonly outcome?: JobOutcome | undefined;
  /** Failure of the previous try. */
  readonly lastFailure?: JobFailure | undefined;
  /** Audio processed by the try that got furthest. */
  readonly audioMs?: number | undefined;
}

/** Progress of a running job in milliseconds of audio; `totalMs` is undefined where the recording does not declare its length. */
export interface JobProgress {
  readonly doneMs: number;
  readonly totalMs: number | undefined;
}
