import type { FalseAcceptPercent } from '../core/identification.js';
import type { Strangers } from '../core/strangers.js';

/** What an engine is opened with. Only the folder is needed. */
export interface EngineOptions {
  /** Folder of the voiceprints; made when missing. One process at a time writes to it. */
  readonly storeDirectory: string;
  /**
   * `postgres://user:password@host:port/database`: voiceprints, unknown voices, keys, jobs and audit log are kept there instead of
   * in the folder, so that many processes on many machines share them. Undefined: in the folder.
   */
  readonly databaseUrl?: string | undefined;
  /**
   * Beside a database: where the audio of jobs waits, for all processes, `file:///shared/folder` or
   * `s3://bucket/prefix?endpoint=https://host&region=name`. Default: the folder `jobs/audio` of the store, which has to be shared then.
   */
  readonly audioUrl?: string | undefined;
  /** Encrypts the store at rest; any text of 8 characters or more. Undefined: not encrypted. */
  readonly encryptionKey?: string | undefined;
  /** Id of a speaker model or path of an ONNX file; by default the one in use in the store, else the built-in one. */
  readonly model?: string | undefined;
  /** Id of a segmentation model, path of an ONNX file, or `off`; by default the one in use in the store, else the built-in one. */
  readonly segmentation?: string | undefined;
  /** Probability in percent that a voice that is not enrolled is named. Default 1. */
  readonly falseAcceptPercent?: FalseAcceptPercent | undefined;
  /** Keeps the speech of accepted enrolment samples (biometric raw data), so that another speaker model can be used later. Default false. */
  readonly keepAudio?: boolean | undefined;
  /**
   * What is kept of the unknown voices of live streams: `none`, `session` or `days=N`; see `Strangers`. Default `session`.
   * Where it is given, unknown voices that the store kept for longer are erased when it is opened.
   */
  readonly strangers?: Strangers | undefined;
  /** Older name: N is `strangers: 'days=N'`, 0 is `session`. Not used where `strangers` is given. */
  readonly unknownVoiceDays?: number | undefined;
  /** Refuses (CONSENT_REQUIRED) enrolments of people for whom no consent was recorded, now or before. Default false. */
  readonly requireConsent?: boolean | undefined;
  /**
   * Remembers recent turns in memory, so that people can correct them (`Engine.turns`): up to a day, the sound of unknown voices as
   * `strangers` says. Default true.
   */
  readonly rememberTurns?: boolean | undefined;
  /** Most unknown voices of one tenant, 1 to 2000; those not met for longest give way. Default 200. */
  readonly maxUnknownVoices?: number | undefined;
  /** Threads for the networks, 1 to 64. By default one less than there are cores, four at most. */
  readonly workerThreads?: number | undefined;
  /** Longest recording accepted, in milliseconds. Default 4 hours. */
  readonly maxDurationMs?: number | undefined;
  /** Largest recording accepted, in bytes. Default 2 GiB. */
  readonly maxBytes?: number | undefined;
  /** Longest time that decoding one recording may take, in milliseconds. Default 15 minutes. */
  readonly maxDecodeMs?: number | undefined;
}
