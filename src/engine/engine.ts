import type { Actor } from '../core/audit.js';
import type {
  FeedbackResult,
  FeedbackSummary,
  FeedbackVerdict,
  RememberedTurn,
  SpeakerSample,
  TurnTier,
} from '../core/feedback.js';
import type {
  Diarization,
  EnrollResult,
  FalseAcceptPercent,
  Identification,
  SpeakerSummary,
  SpeechActivity,
} from '../core/identification.js';
import type { LiveAudio, LiveEvent, LiveItem } from '../core/live.js';
import type { OnProgress } from '../core/progress.js';
import type { RecordingLimits, RecordingSource } from '../core/recording.js';
import type { RuntimeReport } from '../core/runtimeReport.js';
import type { StorePlace } from '../core/storePlace.js';
import type { Strangers } from '../core/strangers.js';
import type { UnknownVoiceSummary } from '../core/unknownVoice.js';
import type { SpeakerModel } from '../inference/speakerModel.js';
import type { Reembedded } from './enrolment/reembed.js';
import type { IdentifiedChunk } from './recording/identifyChunks.js';

/** The tenant of everything that has no API key: Node-RED flows and the command line. */
export const LOCAL_TENANT = 'local';

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** The actor for the audit log; by default the engine's. */
  readonly actor?: Actor;
}

export interface EnrollRequest {
  readonly tenantId?: string;
  readonly speakerId: string;
  /** Defaults to the name already stored, else to the id. */
  readonly name?: string;
  readonly samples: readonly RecordingSource[];
  /** What the person agreed to, and how; stored with who recorded it and when. Where consent is required and none is stored: CONSENT_REQUIRED. */
  readonly consentText?: string;
  /** Version of the text that the person was shown. */
  readonly consentVersion?: string;
  readonly languageCode?: string;
  /** Only says what the gate would decide, and how the voiceprint would be: nothing is stored, nothing recorded, and no consent needed. */
  readonly isTrial?: boolean;
  readonly limits?: Partial<RecordingLimits>;
}

export interface IdentifyRequest {
  readonly tenantId?: string;
  readonly source: RecordingSource;
  /** Only these, all of them complete; undefined or empty: every complete voiceprint of the tenant. */
  readonly speakerIds?: readonly string[];
  readonly falseAcceptPercent?: FalseAcceptPercent;
  /** Each audio track is one person, or each channel where there is one track, however many voices it seems to have. */
  readonly isSpeakerPerChannel?: boolean;
  /** Number of people who speak, enrolled or not, 1 to 100; undefined: unknown. Not used where each channel is one person. See DiarizeRequest. */
  readonly speakerCount?: number;
  /** Maximum number of people who speak, 1 to 100; undefined: unknown. */
  readonly maxSpeakers?: number;
  readonly limits?: Partial<RecordingLimits>;
}

/** Audio of a live source, with the clock and the bandwidth where the source knows them. */
export type WatchedAudio = AsyncIterable<LiveItem> & Partial<Pick<LiveAudio, 'startedAtMs' | 'isNarrowBand'>>;

export interface WatchRequest {
  readonly tenantId?: string;
  /** Read and closed by the session alone, as fast as it can process it. The source buffers, and drops. */
  readonly audio: WatchedAudio;
  /** Name of the place, given by the user; not interpreted. */
  readonly site?: string;
  /** Defaults to a random id. */
  readonly sessionId?: string;
  /** Only these, each with a voiceprint at the start; undefined or empty: all people, also those enrolled later. */
  readonly speakerIds?: readonly string[];
  readonly falseAcceptPercent?: FalseAcceptPercent;
  /** True or false where the caller knows that it is or is not telephone audio; else it is taken from the source or the speech. */
  readonly isNarrowBand?: boolean;
  /** What is kept of unknown voices: less than the engine's setting where given, never more. */
  readonly strangers?: Strangers;
  /** For streams that may go on in another process. */
  readonly keeping?: SessionKeeping;
  readonly signal?: AbortSignal;
}

/** Keeps what a session has learnt outside of it, so that another process can go on with it where this one ends. */
export interface SessionKeeping {
  /** What was last kept of the session, with its `sessionId`, where it goes on here. Its audio begins at `sample`. */
  readonly from?: KeptSession | undefined;
  /** Called whenever all audio before some sample is in the events and in what was learnt. */
  readonly onSettled: (session: SettledSession) => void;
}

export interface KeptSession {
  /** On the clock of the stream, 16,000 a second. */
  readonly sample: number;
  /** Undefined where nothing was learnt yet. */
  readonly bytes: Uint8Array | undefined;
}

/** What a session has learnt by now: voices and their numbers, without names. Holds embeddings. */
export interface TakenState extends KeptSession {
  readonly revision: number;
}

export interface SettledSession {
  /**
   * Undefined while something is half done.
   *
   * @param knownRevision of the state that is kept already; `bytes` is undefined where that is still the same
   */
  take(knownRevision?: number): TakenState | undefined;
}

/** Makes a voiceprint of an unknown voice. */
export interface EnrollUnknownRequest {
  /** `unknown-3`; by default the most recent unknown voice. */
  readonly cluster?: string;
  readonly speakerId: string;
  readonly name?: string;
  readonly consentText?: string;
  readonly consentVersion?: string;
  readonly languageCode?: string;
}

/** A live stream being listened to. Works while its events are read; dispose it, or abort its signal, to end it. */
export interface LiveSession extends AsyncDisposable {
  readonly sessionId: string;
  readonly site: string | undefined;
  /**
   * Events as they occur, for one reader. Ends with the audio, after the last final turns, or when the session is
   * disposed. Throws what the audio or the networks throw, ABORTED after an abort, SPEAKER_NOT_FOUND, SPEAKER_INCOMPLETE.
   */
  events(): AsyncGenerator<LiveEvent>;
  /**
   * Enrols an unknown voice through the gate of `enroll`; its turns are reported again with the name (`relabel`).
   * Throws CLUSTER_NOT_FOUND, SPEAKER_ID_INVALID, INPUT_INVALID.
   */
  enrollUnknown(request: EnrollUnknownRequest, options?: Pick<CallOptions, 'actor'>): Promise<EnrollResult>;
}

export interface IdentifyChunksRequest {
  readonly tenantId?: string;
  /** Only these, all of them complete; undefined or empty: every complete voiceprint of the tenant. */
  readonly speakerIds?: readonly string[];
  readonly falseAcceptPercent?: FalseAcceptPercent;
  /** Of one chunk. */
  readonly limits?: Partial<RecordingLimits>;
}

/** One piece of a stream: a whole little recording, or samples without a header. */
export interface StreamChunk {
  readonly source: RecordingSource;
  /** Where it begins in the stream, in seconds; by default where the last one ended. */
  readonly startSeconds?: number;
  /** Only these from now on; by default those of the request. */
  readonly speakerIds?: readonly string[];
}

/** A stream that comes in chunks. Holds no thread and no file: nothing to close. */
export interface ChunkSession {
  /**
   * Who speaks in this chunk, identified from all speech of the stream so far; times in seconds of the stream. One chunk at a time.
   * Throws as `identify` does; the stream may continue after it.
   */
  identify(chunk: StreamChunk, options?: CallOptions): Promise<IdentifiedChunk>;
}

export interface DiarizeRequest {
  readonly tenantId?: string;
  /** Opens the recording from its beginning: once, or where each channel is one person once more for each of them. */
  readonly openSource: () => Promise<RecordingSource>;
  /** People who may be named, each with a voiceprint; undefined or empty: none, voices are separated but not named. */
  readonly speakerIds?: readonly string[];
  /**
   * Number of people who speak: more voices are merged, except named ones; if fewer are found, and there is a
   * segmentation model, a voice needs less evidence. 1 to 100; undefined: unknown.
   */
  readonly speakerCount?: number;
  /** Maximum number of people who speak, 1 to 100: more voices are merged, except named ones. Undefined: unknown. */
  readonly maxSpeakers?: number;
  /** Each audio track is one person, or each channel where there is one track, however many voices it seems to have. */
  readonly isSpeakerPerChannel?: boolean;
  readonly limits?: Partial<RecordingLimits>;
}

export interface DetectSpeechRequest {
  readonly source: RecordingSource;
  /** Shorter pauses belong to the speech around them. By default 200 ms. */
  readonly minNonSpeechMs?: number;
  readonly limits?: Partial<RecordingLimits>;
}

/** What a person says of a turn, or of an unknown voice: exactly one of `turnId` and `cluster`. */
export interface FeedbackRequest {
  readonly turnId?: string;
  /** `unknown-3` of a live stream; with `correct` only. */
  readonly cluster?: string;
  /** `confirm`: it is whom it was named, or suggested, as; `correct`: it is `speakerId`; `reject`: it is not whom it was named as. */
  readonly verdict: FeedbackVerdict;
  /** Enrolled or new; a new person needs enough speech, and consent where the store requires it. */
  readonly speakerId?: string;
  /** Of a new person. */
  readonly name?: string;
  readonly consentText?: string;
  readonly consentVersion?: string;
  readonly languageCode?: string;
  /** Only this turn; by default every turn of its voice in the conversation. */
  readonly isOnlyTurn?: boolean;
  /** The person may be another voice of this conversation already: both are the same person. */
  readonly isAlsoOther?: boolean;
}

export interface TurnFilter {
  readonly conversationId?: string;
  /** Turns that are this person's now. */
  readonly speakerId?: string;
  readonly tier?: TurnTier;
  /** The newest so many; 100 by default, 1,000 at most. */
  readonly limit?: number;
}

/** Recent turns of one tenant, in memory for a day at most, and what people said of them. */
export interface TurnDirectory {
  /** Newest first. */
  list(filter?: TurnFilter): Promise<readonly RememberedTurn[]>;
  /**
   * Names the voice of a turn, or takes its name back. All its turns follow, and running sessions; the voiceprint learns from
   * it through the gate of `enroll`, with bounded weight. Throws TURN_NOT_FOUND, CLUSTER_NOT_FOUND, NAME_TAKEN, ENROLL_REFUSED (a new
   * person without enough speech), CONSENT_REQUIRED, SPEAKER_ID_INVALID, INPUT_INVALID.
   */
  feedback(request: FeedbackRequest): Promise<FeedbackResult>;
  /** Feedback that can be undone, newest first. */
  history(): Promise<readonly FeedbackSummary[]>;
  /** Takes back what was said and learnt; a person added by it is erased. Throws FEEDBACK_NOT_FOUND. */
  undo(feedbackId: string): Promise<FeedbackSummary>;
  /** Forgets all turns, or those of one conversation. Returns their number. */
  forget(conversationId?: string): Promise<number>;
}

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

/**
 * The engine: voices in, names out. Runs without Node-RED; every surface (nodes, REST, command line) calls only this.
 * Errors are VoicePrintsError. The event loop is never held: networks and clustering run in worker threads.
 */
export interface Engine extends AsyncDisposable {
  readonly model: SpeakerModel;
  readonly storeDirectory: string;
  /** The same, with the database where there is one. */
  readonly place: StorePlace;
  /**
   * Loads the models and has each answer once: what runs them, or what stands in the way. The first success is kept. Throws
   * INFERENCE_UNAVAILABLE, INFERENCE_FAILED, MODEL_INVALID, CONFIG_INVALID, ENGINE_CLOSED.
   */
  tryModels(): Promise<RuntimeReport>;
  /** What this engine keeps of the unknown voices of live streams. */
  readonly strangers: Strangers;
  /** Enrolments without a consent are refused. */
  readonly isConsentRequired: boolean;
  /** Adds samples to a voiceprint, through the enrolment gate; refusals are in the result, not thrown. */
  enroll(request: EnrollRequest, options?: CallOptions): Promise<EnrollResult>;
  /** Who speaks when. Throws SPEAKER_NOT_FOUND or SPEAKER_INCOMPLETE (details.speakerIds) for a wrong `speakerIds`, INPUT_INVALID for a number of people that is none. */
  identify(request: IdentifyRequest, options?: CallOptions): Promise<Identification>;
  /** Identifies speakers in a live stream. Begins when its events are read. Throws ENGINE_CLOSED. */
  watch(request: WatchRequest): LiveSession;
  /** How long live streams have kept the networks' threads busy, in ms: grows by 1 ms in each where all of them are, always. */
  readonly liveBusyMs: number;
  /** Who speaks in a stream that comes in chunks, each answered as it comes. */
  identifyChunks(request: IdentifyChunksRequest): ChunkSession;
  /** Who speaks when, with a label for every voice, and names only for those asked for. Throws as `identify`. */
  diarize(request: DiarizeRequest, options?: CallOptions): Promise<Diarization>;
  /** Detects speech. */
  detectSpeech(request: DetectSpeechRequest, options?: CallOptions): Promise<SpeechActivity>;
  /** `actor` is who changes and exports, for the audit log; by default the engine's own. */
  speakers(tenantId?: string, actor?: Actor): SpeakerDirectory;
  /** Recent turns of recordings and live streams, for corrections; `actor` as for `speakers`. */
  turns(tenantId?: string, actor?: Actor): TurnDirectory;
  /**
   * Calls and awaits the listener after each person, of whatever tenant, that this engine erases: for listeners that keep data of
   * people beside the voiceprints (jobs do) erases it too. What it throws is thrown by `delete`. Returns what ends that.
   */
  onErased(listener: (tenantId: string, speakerId: string) => Promise<void>): () => void;
  /** Score from which a voice is named if no other candidate is near; `falseAcceptPercent` as configured by default. */
  acceptScore(falseAcceptPercent?: FalseAcceptPercent): number;
}
