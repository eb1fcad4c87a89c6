import type { AudioFrame } from './audioFrame.js';
import type { ErrorCode } from './errors.js';
import type { Candidate, Decision, Warning } from './identification.js';

/** Status of a live source, as the badge of its node shows it. */
export type StreamStatus =
  /** Requested, no answer yet. */
  | 'connecting'
  /** Audio comes in. */
  | 'open'
  /** Lost; it is tried again after `retryInMs`. */
  | 'retrying'
  /** Open, but held by the other side (a call on hold): silence is expected. */
  | 'held'
  /** Over for good: the file's end, the call's end, a stop, or a failure that no retry can recover from. */
  | 'ended';

/** A change of status of a live source. Never contains credentials, an address with credentials, or text of the remote side. */
export interface StreamState {
  readonly status: StreamStatus;
  /** The reason, where something is wrong. */
  readonly code?: ErrorCode;
  /** What happened and, after a semicolon, what to do. */
  readonly message?: string;
  /** Of `retrying`: until the next attempt. */
  readonly retryInMs?: number;
  /** Of `retrying`: failures in a row, from 1. */
  readonly attempt?: number;
}

/**
 * What a live source yields. Frames are mono 16 kHz, in order and never overlapping; `startSample` counts from the
 * stream's beginning and jumps where audio was lost or the source was down, so that the time line stays true.
 */
export type LiveItem =
  | { readonly type: 'audio'; readonly frame: AudioFrame }
  | { readonly type: 'state'; readonly state: StreamState }
  /** Audio that was dropped because the channel was full. It is a gap before the next frame. */
  | { readonly type: 'dropped'; readonly samples: number };

/** How a source sends its sound, as far as it says so. */
export interface LiveFormat {
  /** `AAC`, `PCMU`, `OPUS` …; over HTTP the type that the server names. */
  readonly encoding: string;
  readonly sampleRateHz?: number;
}

/** A live source that runs: iterate it once; leaving the loop or aborting its signal ends every child process and socket. */
export interface LiveAudio extends AsyncIterable<LiveItem> {
  /**
   * Wall-clock time (ms since 1970) of sample 0, known once the first frame has come. In streams of hours it follows
   * the source's clock, so that it is right for the latest samples: read it when it is needed.
   */
  readonly startedAtMs: number | undefined;
  /** True where the source has telephone bandwidth (8 kHz), once that is known. */
  readonly isNarrowBand: boolean | undefined;
  /** Known once it is open, and not of every source. */
  readonly format?: LiveFormat | undefined;
}

/** One turn of one voice in a live stream: tentative while it is spoken, final at its end. Seconds of stream time. */
export interface LiveTurn {
  /** Stable within the session: tentative and final events of one turn share it. */
  readonly turnId: string;
  readonly isFinal: boolean;
  readonly start: number;
  readonly end: number;
  readonly speechSeconds: number;
  readonly decision: Decision;
  readonly speakerId: string | null;
  readonly name: string | null;
  /**
   * `unknown-1` …: stable over sessions until the unknown voice expires; null for an identified voice, also where a turn
   * is not surely its own.
   */
  readonly cluster: string | null;
  readonly score: number;
  readonly margin: number;
  /** True where several people speak at once for .3 s of it or more; always false without a segmentation model. */
  readonly overlap: boolean;
  readonly candidates: readonly Candidate[];
}

/** Events of a live session, in order. */
export type LiveEvent =
  | { readonly type: 'turn'; readonly turn: LiveTurn; readonly timestampMs: number }
  /** Speech that cannot be identified: too short, too noisy …; `reason` is a stable identifier. */
  | {
      readonly type: 'rejected';
      readonly turnId: string;
      readonly start: number;
      readonly end: number;
      readonly reason: string;
      readonly timestampMs: number;
    }
  /** Corrects the speaker of turns already emitted: an unknown voice recognised or enrolled later, a wrong name withdrawn. */
  | {
      readonly type: 'relabel';
      readonly turnIds: readonly string[];
      readonly cluster: string | null;
      readonly speakerId: string | null;
      readonly name: string | null;
      readonly score: number;
      readonly timestampMs: number;
    }
  | { readonly type: 'state'; readonly state: StreamState; readonly timestampMs: number }
  /** A condition of the session, reported at its beginning: no one can be named, and why. */
  | { readonly type: 'warning'; readonly warning: Warning; readonly timestampMs: number }
  /** Audio that was dropped because this machine or the channel was overloaded. */
  | { readonly type: 'dropped'; readonly seconds: number; readonly timestampMs: number }
  /** The machine is overloaded: identification uses longer hops and names come later; `level` 0 is back to normal. */
  | { readonly type: 'degraded'; readonly level: number; readonly timestampMs: number };
