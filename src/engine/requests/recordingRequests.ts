import type { FalseAcceptPercent } from '../../core/identification.js';
import type { RecordingLimits, RecordingSource } from '../../core/recording.js';

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
