import type { SampleSpan } from '../../core/audioFrame.js';
import type { Verdict } from '../decide.js';

/** A turn as far as it is known: tentative while it is spoken, final at its end. */
export interface TurnDraft extends SampleSpan {
  readonly turnId: string;
  readonly isFinal: boolean;
  /** Speech in it, pauses left out. */
  readonly speechSamples: number;
  readonly verdict: Verdict;
  /** Unknown voice, `unknown-3`; null exactly where the verdict is `identified`. */
  readonly cluster: string | null;
}

/** Why a turn says nothing of its voice. */
export type RejectReason = 'too_short' | 'too_noisy';

/** What listening to a stream brings about, in order. */
export type LiveChange =
  | { readonly type: 'turn'; readonly turn: TurnDraft }
  | ({ readonly type: 'rejected'; readonly turnId: string; readonly reason: RejectReason } & SampleSpan)
  /** Turns told before whose voice is now taken for somebody else. */
  | {
      readonly type: 'relabel';
      readonly turnIds: readonly string[];
      readonly cluster: string | null;
      readonly verdict: Verdict;
    };
