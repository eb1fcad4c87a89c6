import type { SpeakerSample } from '../../core/feedback.js';
import type { EnrollResult, SpeakerSummary } from '../../core/identification.js';
import type { UnknownVoiceSummary } from '../../core/unknownVoice.js';
import type { Reembedded } from '../enrolment/reembed.js';
import type { EnrollUnknownRequest } from './enrollRequest.js';

/** A new person made of samples of another. */
export interface SplitRequest {
  /** Of `samples`; not all of them. */
  readonly sampleIds: readonly string[];
  /** Not enrolled yet. */
  readonly speakerId: string;
  readonly name?: string;
  readonly consentText?: string;
  readonly consentVersion?: string;
}

/** A part of the enrolled people. */
export interface SpeakerPage {
  readonly speakers: readonly SpeakerSummary[];
  /** Gives the next page; absent on the last. */
  readonly cursor?: string;
}

/** The enrolled people of one tenant. Reads and writes never touch another tenant. */
export interface SpeakerDirectory {
  /** All of them, complete or not, by id. */
  list(): Promise<readonly SpeakerSummary[]>;
  /** Up to `limit` of them, by id, after those of the page whose cursor is given. */
  page(options: { readonly limit: number; readonly cursor?: string | undefined }): Promise<SpeakerPage>;
  get(speakerId: string): Promise<SpeakerSummary | undefined>;
  /** Throws SPEAKER_NOT_FOUND. */
  rename(speakerId: string, name: string): Promise<SpeakerSummary>;
  /** The samples of a voiceprint, oldest first. Throws SPEAKER_NOT_FOUND. */
  samples(speakerId: string): Promise<readonly SpeakerSample[]>;
  /** Removes one sample; the last one cannot be. Throws SPEAKER_NOT_FOUND, SAMPLE_NOT_FOUND, INPUT_INVALID. */
  removeSample(speakerId: string, sampleId: string): Promise<SpeakerSummary>;
  /**
   * Two entries that are one person: `fromId` becomes part of `speakerId` and is erased. Throws SPEAKER_NOT_FOUND, INPUT_INVALID
   * (voiceprints of two models), and ENROLL_REFUSED where they do not sound alike, unless `isSure`.
   */
  merge(speakerId: string, fromId: string, options?: { readonly isSure?: boolean }): Promise<SpeakerSummary>;
  /** Samples of one entry that are another person's: they become a new one. Throws SPEAKER_NOT_FOUND, SAMPLE_NOT_FOUND, SPEAKER_EXISTS. */
  split(speakerId: string, request: SplitRequest): Promise<SpeakerSummary>;
  /** Erases permanently. False when there was none. */
  delete(speakerId: string): Promise<boolean>;
  /** Everything of the named (default: all) people, encrypted under the passphrase; the only way embeddings leave. */
  export(passphrase: string, speakerIds?: readonly string[]): Promise<Uint8Array>;
  /** Throws REGISTRY_KEY_WRONG, REGISTRY_CORRUPT, SPEAKER_EXISTS (unless `replace`). All or nothing. */
  import(
    bytes: Uint8Array,
    passphrase: string,
    options?: { readonly replace?: boolean },
  ): Promise<readonly SpeakerSummary[]>;
  /**
   * Computes voiceprints for the model in use from the kept audio of people enrolled with another one, so that they can be
   * matched. The next enrolment or identification does the same automatically.
   */
  reembed(options?: {
    readonly signal?: AbortSignal;
    /** People done, of those whose audio was kept. */
    readonly onPerson?: (done: number, total: number) => void;
  }): Promise<Reembedded>;
  /** Unknown voices of live streams, by number. Exports omit them. */
  unknowns(): Promise<readonly UnknownVoiceSummary[]>;
  /**
   * Makes a voiceprint of an unknown voice that is kept, or adds it to one, through the gate of `enroll`; erases the
   * unknown voice on success. Throws CLUSTER_NOT_FOUND, SPEAKER_ID_INVALID, INPUT_INVALID.
   */
  enrollUnknown(request: EnrollUnknownRequest): Promise<EnrollResult>;
  /** Erases an unknown voice permanently; when it returns, it gets a new number. False when there was none. */
  forgetUnknown(unknownId: string): Promise<boolean>;
}
