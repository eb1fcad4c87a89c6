import type { EnrollResult, FalseAcceptPercent } from '../../core/identification.js';
import type { LiveAudio, LiveEvent, LiveItem } from '../../core/live.js';
import type { Strangers } from '../../core/strangers.js';
import type { CallOptions } from './callOptions.js';
import type { EnrollUnknownRequest } from './enrollRequest.js';
import type { SessionKeeping } from './sessionKeeping.js';

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
