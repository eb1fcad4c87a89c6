import type { IdentifiedSegment } from '../../src/index.js';

/** What is the same for every turn of one recording. */
export interface EventContext {
  readonly site: string;
  /** Ties the turns of one recording together. */
  readonly sessionId: string;
  readonly model: string;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
}

/** One event on the wire, in the field names that MQTT and Home Assistant users expect. Never an embedding. */
export interface TurnEvent {
  readonly event_type: 'identified' | 'unknown' | 'uncertain' | 'rejected';
  readonly speaker: string | null;
  readonly speaker_id: string | null;
  readonly score: number;
  readonly margin: number;
  readonly site: string;
  /** Seconds since the recording began. */
  readonly start: number;
  readonly end: number;
  readonly session_id: string;
  readonly candidates: readonly { readonly speaker_id: string; readonly speaker: string; readonly score: number }[];
  readonly model: string;
  readonly timestamp: string;
  /** `unknown-1`, `unknown-2` … */
  readonly cluster?: string;
  readonly reason?: string;
}

/** The event of one turn. */
export function turnEvent(segment: IdentifiedSegment, context: EventContext): TurnEvent {
  return {
    event_type: segment.decision,
    speaker: segment.name,
    speaker_id: segment.speakerId,
    score: segment.score,
    margin: segment.margin,
    site: context.site,
    start: segment.start,
    end: segment.end,
    session_id: context.sessionId,
    candidates: segment.candidates.map(({ speakerId, name, score }) => ({
      speaker_id: speakerId,
      speaker: name,
      score,
    })),
    model: context.model,
    timestamp: context.timestamp,
    ...(segment.cluster !== null && { cluster: segment.cluster }),
  };
}

/** The event of a recording in which nobody speaks: a flow that waits for an answer gets one. */
export function rejectedEvent(reason: string, durationSeconds: number, context: EventContext): TurnEvent {
  return {
    event_type: 'rejected',
    speaker: null,
    speaker_id: null,
    score: 0,
    margin: 0,
    site: context.site,
    start: 0,
    end: durationSeconds,
    session_id: context.sessionId,
    candidates: [],
    model: context.model,
    timestamp: context.timestamp,
    reason,
  };
}

/** Topic of the events of one site. */
export const eventTopic = (topicBase: string, site: string): string => `${topicBase}/${site}/event`;
