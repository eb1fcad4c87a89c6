import type { WyomingSurface } from './surface.js';
import type { WyomingEvent } from './wire.js';

/** The client of a connection, as a command sees it. */
export interface WyomingClient {
  /** Aborts when the connection ends. */
  readonly signal: AbortSignal;
  /** Resolves when more may follow. */
  send(event: WyomingEvent): Promise<void>;
  /** An `error` event, after which the connection is closed: whoever waits for an answer gets none. */
  fail(thrown: unknown): Promise<void>;
}

/** Audio between `audio-start` and `audio-stop`, and what is to be answered to it. Dispose it in any case. */
export interface SpokenCommand extends AsyncDisposable {
  /** Settles when nothing more is to be answered. Never rejects. */
  readonly done: Promise<void>;
  /** `audio-chunk`. Resolves when more may follow. */
  receive(event: WyomingEvent): Promise<void>;
  /** `audio-stop`. */
  stop(event: WyomingEvent): Promise<void>;
  /** An event that belongs to no part of the protocol that is known here. */
  passOn?(event: WyomingEvent): Promise<void>;
}

export interface CommandContext {
  readonly surface: WyomingSurface;
  readonly client: WyomingClient;
}
