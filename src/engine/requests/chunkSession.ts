import type { FalseAcceptPercent } from '../../core/identification.js';
import type { RecordingLimits, RecordingSource } from '../../core/recording.js';
import type { IdentifiedChunk } from '../recording/identifyChunks.js';
import type { CallOptions } from './callOptions.js';

export interface IdentifyChunksRequest {
  readonly tenantId?: string;
  /** Only these, all of them complete; undefined or empty: every complete voiceprint of the tenant. */
  readonly speakerIds?: readonly string[];
  readonly falseAcceptPercent?: FalseAcceptPercent;
  /** Of one chunk. */
  readonly limits?: Partial<RecordingLimits>;
  /** Shorter chunks are identified together with those that follow; by default each by itself. */
  readonly leastChunkMs?: number;
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
  /** At the end of the stream: the short chunks that nothing followed; undefined where there are none. */
  finish(options?: CallOptions): Promise<IdentifiedChunk | undefined>;
}
