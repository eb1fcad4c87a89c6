import type { LiveFormat } from '../../core/live.js';

/** A piece of audio on its way from a source. */
export interface TimedSamples {
  /** Mono at 16 kHz, shape (n,). */
  readonly samples: Float32Array<ArrayBuffer>;
  /**
   * Time of the first one on the source's own clock, in nanoseconds from anywhere; pieces follow on each other where
   * there is none.
   */
  readonly ptsNs?: number | undefined;
}

/** A source as the supervisor sees it. */
export interface LiveConnection {
  /**
   * One attempt. Returns when the source has ended finally; throws a VoicePrintsError where it is lost, or cannot be
   * had. Once the signal aborts it ends soon, leaving no child and no socket.
   */
  connect(signal: AbortSignal): AsyncGenerator<TimedSamples>;
  /** Whether the source has telephone bandwidth, once that is known. */
  readonly isNarrowBand: boolean | undefined;
  /** How it sends, once that is known. */
  readonly format?: LiveFormat | undefined;
  /** Whether every failure is final: a local source does not come back by waiting. */
  readonly failsForGood?: boolean;
  /** How long it may be silent before its first audio; for ever where left out. */
  readonly firstDataMs?: number;
  /** How long it may be silent later on. */
  readonly stallMs?: number;
}
