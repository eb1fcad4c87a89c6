import type { Embedding } from './voiceprint.js';

/** A stored segment of speech of an unknown voice, without its audio. */
export interface UnknownExemplar {
  readonly embedding: Embedding;
  /** Speech behind the embedding, pauses left out. */
  readonly speechMs: number;
  /** Undefined where it was not measured. */
  readonly snrDb?: number | undefined;
  /** Highest frequency with speech energy; undefined where it was not measured. */
  readonly bandwidthHz?: number | undefined;
}

/** A voice of a live stream that matches no enrolled person: recognised when it returns, until its session ends or it expires. */
export interface UnknownVoice {
  /** `unknown-1` …; a number is never reused within a store. */
  readonly id: string;
  /** Oldest first, at most 20, all of `modelId`. */
  readonly exemplars: readonly UnknownExemplar[];
  /** Total speech of this voice, including exemplars no longer kept. */
  readonly speechMs: number;
  /** Wall-clock times, ms since 1970. */
  readonly firstHeardMs: number;
  readonly lastHeardMs: number;
  /** When the store erases it, unless it speaks before; undefined: it is in memory, and goes with its session. */
  readonly expiresAtMs?: number | undefined;
  readonly modelId: string;
}

/** One unknown voice as lists show it: never an embedding. */
export interface UnknownVoiceSummary {
  readonly unknownId: string;
  readonly speechSeconds: number;
  readonly firstHeardAt: string;
  readonly lastHeardAt: string;
  /** When it is erased unless it speaks before; null: in memory only, until its session ends. */
  readonly expiresAt: string | null;
  /** True when it was embedded by another model: it cannot be recognised with the one in use. */
  readonly isStale: boolean;
  readonly model: string;
}
