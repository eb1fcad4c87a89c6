import type { SampleSpan } from '../../core/audioFrame.js';
import type { Verdict } from '../decide.js';

/** A turn as far as it is known: tentative while it is spoken, final at its end. */
export interface TurnDraft extends SampleSpan {
  readonly turnId: string;
  readonly isFinal: boolean;
  /** Speech in it, pauses left out. */
  readonly speechSamples: number;
  readonly verdict: Verdict;
  /** Which voice of the session it was taken for; undefined where it is too short to decide. */
  readonly voice: number | undefined;
  /** Of a final turn: its own embedding, unit norm, shape (d,). */
  readonly embedding?: Float32Array | undefined;
  /** Signal-to-noise ratio in decibels; undefined where it was not measured. */
  readonly snrDb?: number | undefined;
}

/** Why a turn says nothing of its voice. */
export type RejectReason = 'too_short' | 'too_noisy';

/** What listening to a stream brings about, in order. Voices of the session are numbers, from 1 in order of appearance. */
export type LiveChange =
  | { readonly type: 'turn'; readonly turn: TurnDraft }
  | ({ readonly type: 'rejected'; readonly turnId: string; readonly reason: RejectReason } & SampleSpan)
  /** Turns reported earlier that belong to somebody else than was reported. */
  | { readonly type: 'relabel'; readonly turnIds: readonly string[]; readonly voice: number; readonly verdict: Verdict }
  /** Two voices turned out to be one. */
  | { readonly type: 'merged'; readonly voice: number; readonly gone: number };

/** Speech of one voice that was clear enough to learn from. */
export interface VoiceExemplar {
  /** Unit norm, shape (d,). */
  readonly embedding: Float32Array<ArrayBuffer>;
  readonly samples: number;
  /** Signal-to-noise ratio in decibels; undefined where it was not measured. */
  readonly snrDb: number | undefined;
}

/** What is known of one voice of the session. */
export interface VoiceSnapshot {
  readonly voice: number;
  /** At most 20. */
  readonly exemplars: readonly VoiceExemplar[];
  /** All speech that was learnt from. */
  readonly samples: number;
}
