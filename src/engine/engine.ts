import type { EnrollResult, FalseAcceptPercent, Identification, SpeakerSummary } from '../core/identification.js';
import type { OnProgress } from '../core/progress.js';
import type { RecordingLimits, RecordingSource } from '../core/recording.js';
import type { SpeakerModel } from '../inference/speakerModel.js';

/** The tenant of everything that has no API key: Node-RED flows and the command line. */
export const LOCAL_TENANT = 'local';

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

export interface EnrollRequest {
  readonly tenantId?: string;
  readonly speakerId: string;
  /** Defaults to the name already stored, else to the id. */
  readonly name?: string;
  readonly samples: readonly RecordingSource[];
  readonly consentText?: string;
  readonly languageCode?: string;
  readonly limits?: Partial<RecordingLimits>;
}

export interface IdentifyRequest {
  readonly tenantId?: string;
  readonly source: RecordingSource;
  /** Only these, all of them complete; undefined or empty: every complete voiceprint of the tenant. */
  readonly speakerIds?: readonly string[];
  readonly falseAcceptPercent?: FalseAcceptPercent;
  readonly limits?: Partial<RecordingLimits>;
}

/** The enrolled people of one tenant. Reads and writes never touch another tenant. */
export interface SpeakerDirectory {
  /** All of them, complete or not, by id. */
  list(): Promise<readonly SpeakerSummary[]>;
  get(speakerId: string): Promise<SpeakerSummary | undefined>;
  /** Throws SPEAKER_NOT_FOUND. */
  rename(speakerId: string, name: string): Promise<SpeakerSummary>;
  /** Erases for good. False when there was none. */
  delete(speakerId: string): Promise<boolean>;
  /** Everything of the named (default: all) people, encrypted under the passphrase; the only way embeddings leave. */
  export(passphrase: string, speakerIds?: readonly string[]): Promise<Uint8Array>;
  /** Throws REGISTRY_KEY_WRONG, REGISTRY_CORRUPT, SPEAKER_EXISTS (unless `replace`). All or nothing. */
  import(
    bytes: Uint8Array,
    passphrase: string,
    options?: { readonly replace?: boolean },
  ): Promise<readonly SpeakerSummary[]>;
}

/**
 * The engine: voices in, names out. Runs without Node-RED; every surface (nodes, REST, command line) calls only this.
 * Errors are VoicePrintsError. The event loop is never held: networks and clustering run in worker threads.
 */
export interface Engine extends AsyncDisposable {
  readonly model: SpeakerModel;
  readonly storeDirectory: string;
  /** Adds samples to a voiceprint, through the enrolment gate; refusals are in the result, not thrown. */
  enroll(request: EnrollRequest, options?: CallOptions): Promise<EnrollResult>;
  /** Who speaks when. Throws SPEAKER_NOT_FOUND or SPEAKER_INCOMPLETE (details.speakerIds) for a wrong `speakerIds`. */
  identify(request: IdentifyRequest, options?: CallOptions): Promise<Identification>;
  speakers(tenantId?: string): SpeakerDirectory;
  /** Score from which a voice is named where nobody else is near; `falseAcceptPercent` as configured by default. */
  acceptScore(falseAcceptPercent?: FalseAcceptPercent): number;
}
