import type { SpeakerEvent } from '../../events/index.js';
import type { Engine, LiveSession } from '../../index.js';
import type { TenantGate } from '../access/tenantGate.js';
import type { FailureReport } from '../calls/call.js';
import type { KeptStreams } from '../keptStreams/keptStreams.js';
import type { Farewell, StreamHead } from '../keptStreams/streamHead.js';
import type { IncomingAudio } from './incomingAudio.js';
import type { Hello } from './protocol.js';

/** A connection, as a session sees it. */
export interface Listener {
  send(text: string): void;
  /** No more messages follow. */
  close(code: Farewell['code'] | 'takenOver', reason: string): void;
}

export interface StreamSessionOptions {
  readonly engine: Engine;
  readonly tenantId: string;
  readonly hello: Hello;
  readonly audio: IncomingAudio;
  /** Counts the audio of the tenant, and throws when it is used up. */
  readonly gate: TenantGate | undefined;
  /** How long it waits for its client to come back. */
  readonly resumeMs: number;
  /** Called once, when the session has ended. */
  readonly onOver: () => void;
  readonly report: (failure: FailureReport) => void;
  readonly observer: StreamObserver | undefined;
  /** Where streams may go on in other processes. */
  readonly keeping?: StreamKeeping | undefined;
}

export interface StreamKeeping {
  readonly streams: KeptStreams;
  readonly sessionId: string;
  /** Where the stream comes from another process: as that kept it. */
  readonly from?: RestoredStream | undefined;
}

export interface RestoredStream {
  readonly token: string;
  readonly epoch: number;
  readonly head: StreamHead;
  readonly learnt: Uint8Array | undefined;
  /** Last number that the client has: it may have guesses that were not kept. */
  readonly clientSeq: number;
}

/** Sees the sessions of all streams beside their clients. */
export interface StreamObserver {
  opened(stream: ObservedStream): void;
  event(event: SpeakerEvent, stream: ObservedStream): void;
  closed(stream: ObservedStream): void;
}

export interface ObservedStream {
  readonly tenantId: string;
  /** As its client names it. */
  readonly site: string;
  readonly session: LiveSession;
}
