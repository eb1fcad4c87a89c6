import type { StreamStatus } from '../core/live.js';
import type { Engine } from '../engine/engine.js';
import type { LiveSession } from '../engine/requests/liveSession.js';
import type { SpeakerEvent, TurnEvent } from '../events/index.js';

/** What is known of a source; the same in answers, on MQTT and in metrics. */
export interface SourceStatus {
  readonly source: string;
  readonly site: string;
  /**
   * `stopped`: by a command; `scheduled`: its schedule does not include this moment; of sources that processes share also
   * `elsewhere`: another one listens; `waiting`: nobody does yet.
   */
  readonly status: StreamStatus | 'stopped' | 'scheduled' | 'elsewhere' | 'waiting';
  /** Where something is wrong. */
  readonly code?: string;
  readonly message?: string;
  /** ISO 8601 time of the last change of `status`. */
  readonly since: string;
  /** Turns since the process started. */
  readonly turns: Readonly<Record<TurnEvent['event_type'], number>>;
  readonly droppedSeconds: number;
  /** Of sources that processes share, while this one listens: grows with each process that takes over. */
  readonly lease?: number;
}

/** Receives what all sources deliver. */
export interface SourceObserver {
  opened(watched: { readonly session: LiveSession; readonly site: string; readonly engine: Engine }): void;
  closed(session: LiveSession): void;
  event(event: SpeakerEvent, session: LiveSession | undefined): void;
  /** `status` or `code` changed. */
  changed(status: SourceStatus): void;
  /** The source is not in the file any more. */
  removed(sourceId: string): void;
}

/** Which sources a command is for: one by id, those of a site, or all. */
export interface SourceTarget {
  readonly source: string | undefined;
  readonly site: string | undefined;
}
