import type { LiveEvent } from '../core/live.js';
import { present } from '../core/present.js';
import {
  type EventContext,
  isoTime,
  probability,
  rejectedEvent,
  type SpeakerEvent,
  seconds,
  voiceOf,
} from './speakerEvent.js';

/** Converts an event of a live session to plain JSON, one to one: the event of a turn itself is emitted once, when it is final. */
export function liveSpeakerEvent(event: LiveEvent, context: EventContext): SpeakerEvent {
  const common = {
    site: context.site,
    session_id: context.sessionId,
    timestamp: isoTime(event.timestampMs),
  };
  switch (event.type) {
    case 'turn': {
      const voice = voiceOf(event.turn, context, event.timestampMs);
      const { decision, isFinal } = event.turn;
      return isFinal ? { event_type: decision, ...voice } : { event_type: 'tentative', decision, ...voice };
    }
    case 'rejected':
      return rejectedEvent(event, context, event.timestampMs);
    case 'relabel':
      return {
        event_type: 'relabel',
        turn_ids: event.turnIds,
        cluster: event.cluster,
        speaker: event.name,
        speaker_id: event.speakerId,
        score: probability(event.score),
        model: context.model,
        ...common,
      };
    case 'state': {
      const { status, code, message, retryInMs, attempt } = event.state;
      return {
        event_type: 'stream',
        status,
        ...present({
          code,
          message,
          retry_in_seconds: retryInMs === undefined ? undefined : seconds(retryInMs / 1000),
          attempt,
        }),
        ...common,
      };
    }
    case 'warning':
      return { event_type: 'warning', ...event.warning, ...common };
    case 'dropped':
      return { event_type: 'dropped', seconds: seconds(event.seconds), ...common };
    case 'degraded':
      return { event_type: 'degraded', level: event.level, ...common };
  }
}
