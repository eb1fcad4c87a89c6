import type { Actor } from '../core/audit.js';
import type {
  Diarization,
  EnrollResult,
  FalseAcceptPercent,
  Identification,
  SpeechActivity,
} from '../core/identification.js';
import type { RuntimeReport } from '../core/runtimeReport.js';
import type { StorePlace } from '../core/storePlace.js';
import type { Strangers } from '../core/strangers.js';
import type { SpeakerModel } from '../inference/speakerModel.js';
import type { CallOptions } from './requests/callOptions.js';
import type { ChunkSession, IdentifyChunksRequest } from './requests/chunkSession.js';
import type { EnrollRequest } from './requests/enrollRequest.js';
import type { LiveSession, WatchRequest } from './requests/liveSession.js';
import type { DetectSpeechRequest, DiarizeRequest, IdentifyRequest } from './requests/recordingRequests.js';
import type { SpeakerDirectory } from './requests/speakers.js';
import type { TurnDirectory } from './requests/turns.js';

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
