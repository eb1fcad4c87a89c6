import type { Lazy } from '../../core/lazy.js';
import type { Engine } from '../../engine/engine.js';
import type { KeyCheck } from '../access/admitKey.js';
import type { StreamSlots } from '../access/streamSlots.js';
import type { FailureReport } from '../calls/call.js';
import type { KeptStreams } from '../keptStreams/keptStreams.js';
import type { StreamSession } from './streamSession.js';
import type { StreamObserver } from './streamSessionOptions.js';

export interface StreamLimits {
  /** Largest message of a client. */
  readonly maxMessageBytes: number;
  readonly maxStreamsPerTenant: number;
  readonly maxStreams: number;
  /** Time from the connection to the hello. */
  readonly helloMs: number;
  /** A stream without audio and commands for this long is ended. */
  readonly idleMs: number;
  /** Interval of pings; a client that misses two of them is considered gone. */
  readonly pingMs: number;
  /** How long a session waits for its client to reconnect. */
  readonly resumeMs: number;
}

/** Shared by all connections. */
export interface StreamSurface extends KeyCheck {
  readonly engine: Engine;
  readonly limits: StreamLimits;
  readonly slots: StreamSlots;
  /** By id; includes those whose connection broke, until their time is up. */
  readonly sessions: Map<string, StreamSession>;
  report(failure: FailureReport): void;
  readonly observer: StreamObserver | undefined;
  /** Where streams may go on in other processes. */
  readonly kept: Lazy<KeptStreams> | undefined;
}
