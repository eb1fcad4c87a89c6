/** What one client, or all together, may have of the server. */
export interface WyomingLimits {
  /** Connections at once; of the network with most of them, the earliest without a command in progress is closed for a new one. */
  readonly maxConnections: number;
  /** Commands that are spoken or answered at once. */
  readonly maxStreams: number;
  /** Audio of one command. */
  readonly maxAudioMs: number;
  /** A connection on which nothing happens is closed. */
  readonly idleMs: number;
  /** The same in the middle of a command. */
  readonly silenceMs: number;
  /** How long a transcript waits for the name. */
  readonly nameMs: number;
  /** How long the speech-to-text service may take to answer. */
  readonly transcriptMs: number;
  /** How long it may take to accept a connection, or to describe itself. */
  readonly connectMs: number;
}

export const WYOMING_LIMITS: WyomingLimits = {
  maxConnections: 64,
  maxStreams: 16,
  maxAudioMs: 300_000,
  idleMs: 300_000,
  silenceMs: 30_000,
  nameMs: 3_000,
  transcriptMs: 120_000,
  connectMs: 5_000,
};
