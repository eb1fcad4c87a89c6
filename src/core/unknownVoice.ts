import type { Embedding } from './voiceprint.js';

/** A stretch of speech of an unknown voice, as it is kept: no audio. */
export interface UnknownExemplar {
  readonly embedding: Embedding;
  /** Speech behind the embedding, pauses left out. */
  readonly speechMs: number;
  /** Undefined where it was not measured. */
  readonly snrDb?: number | undefined;
  /** Highest frequency with speech energy; undefined where it was not measured. */
  readonly bandwidthHz?: number | undefined;
}

/** A voice that was heard live and belongs to nobody enrolled: recognised when it comes back, until it expires. */
export interface UnknownVoice {
  /** `unknown-1` …; numbers are given once and never again within a store. */
  readonly id: string;
  /** Oldest first, at most 20, all of `modelId`. */
  readonly exemplars: readonly UnknownExemplar[];
  /** All speech heard of it, also that of exemplars no longer kept. */
  readonly speechMs: number;
  /** Wall-clock times, ms since 1970. */
  readonly firstHeardMs: number;
  readonly lastHeardMs: number;
  readonly modelId: string;
}

/** One unknown voice as lists show it: never an embedding. */
export interface UnknownVoiceSummary {
  readonly unknownId: string;
  readonly speechSeconds: number;
  readonly firstHeardAt: string;
  readonly lastHeardAt: string;
  /** When it will be forgotten unless it is heard again. */
  readonly expiresAt: string;
  /** True when it was heard with another model: it cannot be recognised with the one in use. */
  readonly isStale: boolean;
  readonly model: string;
}
