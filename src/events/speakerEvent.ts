import type { Candidate, Decision, IdentifiedSegment } from '../core/identification.js';
import type { LiveTurn, StreamStatus } from '../core/live.js';
import { present } from '../core/present.js';

/** Common to all events of one session: a recording, or one live stream. */
export interface EventContext {
  /** Site of the source; a level of the topics. */
  readonly site: string;
  /** Shared by the events of one recording or stream. */
  readonly sessionId: string;
  /** Id of the speaker model. */
  readonly model: string;
  /** Score from which a voice is named (`Engine.acceptScore`). */
  readonly threshold: number;
}

/** Members of every event. Times are ISO 8601 in UTC; there is never audio, an embedding or a cosine in one. */
interface Told {
  readonly site: string;
  readonly session_id: string;
  readonly timestamp: string;
  /** Of a source that several processes share: greater for each process that took it over. Events with a smaller one are late. */
  readonly lease?: number;
}

/** The speaker of a turn. Scores are calibrated probabilities 0..1, times seconds of the stream. */
interface Voice extends Told {
  readonly speaker: string | null;
  readonly speaker_id: string | null;
  readonly score: number;
  readonly margin: number;
  readonly threshold: number;
  readonly start: number;
  readonly end: number;
  readonly speech_seconds: number;
  readonly candidates: readonly { readonly speaker_id: string; readonly speaker: string; readonly score: number }[];
  readonly model: string;
  /** `unknown-1`, `unknown-2` … */
  readonly cluster?: string;
  /** Live streams only: id by which a later `relabel` refers to this turn. */
  readonly turn_id?: string;
  /** Present, and true, where another person speaks at the same time. */
  readonly overlap?: true;
}

/** One turn of one voice, emitted once, at its end. */
export interface TurnEvent extends Voice {
  readonly event_type: Decision | 'rejected';
  /** Of `rejected`: a stable identifier of the reason. */
  readonly reason?: string;
}

/** Tentative result of a turn while it is spoken: emitted repeatedly, may change, does not count for presence. */
export interface TentativeEvent extends Voice {
  readonly event_type: 'tentative';
  readonly decision: Decision;
}

/** Corrects the speaker of earlier turns; `speaker_id` null: the unknown voice `cluster`. */
export interface RelabelEvent extends Told {
  readonly event_type: 'relabel';
  readonly turn_ids: readonly string[];
  readonly cluster: string | null;
  readonly speaker: string | null;
  readonly speaker_id: string | null;
  readonly score: number;
  readonly model: string;
}

/** A change of the stream itself. */
export interface StreamEvent extends Told {
  readonly event_type: 'stream';
  readonly status: StreamStatus;
  /** Error code, and message with remedy, where something is wrong. */
  readonly code?: string;
  readonly message?: string;
  readonly retry_in_seconds?: number;
  readonly attempt?: number;
}

/** A warning while the stream continues, e.g. NOBODY_ENROLLED. */
export interface WarningEvent extends Told {
  readonly event_type: 'warning';
  readonly code: string;
  readonly message: string;
}

/** Audio was dropped because the machine was overloaded. */
export interface DroppedEvent extends Told {
  readonly event_type: 'dropped';
  readonly seconds: number;
}

/** The machine is overloaded and names come later; level 0: back to normal. */
export interface DegradedEvent extends Told {
  readonly event_type: 'degraded';
  readonly level: number;
}

/** Any event of a live stream or a recording, as plain JSON: the same from a node, the command line and the API. */
export type SpeakerEvent =
  | TurnEvent
  | TentativeEvent
  | RelabelEvent
  | StreamEvent
  | WarningEvent
  | DroppedEvent
  | DegradedEvent;

/** The events of a turn at its end; the `event_types` in Home Assistant's discovery. */
export const TURN_EVENT_TYPES = ['identified', 'unknown', 'uncertain', 'rejected'] as const;

export const isTurnEvent = (event: SpeakerEvent): event is TurnEvent =>
  (TURN_EVENT_TYPES as readonly string[]).includes(event.event_type);

/** A segment of a recording, or a live turn. */
type NamedTurn = IdentifiedSegment | LiveTurn;

/** Members that turns of recordings and of live streams have in common. `timestampMs`: since 1970. */
export function voiceOf(turn: NamedTurn, context: EventContext, timestampMs: number): Voice {
  return {
    speaker: turn.name,
    speaker_id: turn.speakerId,
    score: probability(turn.score),
    margin: probability(turn.margin),
    threshold: probability(context.threshold),
    site: context.site,
    start: seconds(turn.start),
    end: seconds(turn.end),
    // A turn of a recording is speech from end to end.
    speech_seconds: seconds('speechSeconds' in turn ? turn.speechSeconds : turn.end - turn.start),
    session_id: context.sessionId,
    candidates: turn.candidates.map(shownCandidate),
    model: context.model,
    timestamp: isoTime(timestampMs),
    ...(turn.cluster !== null && { cluster: turn.cluster }),
    ...('turnId' in turn && { turn_id: turn.turnId }),
    ...(turn.overlap && { overlap: true as const }),
  };
}

/** The event of one turn of a recording. */
export const recordedTurnEvent = (turn: IdentifiedSegment, context: EventContext, timestampMs: number): TurnEvent => ({
  event_type: turn.decision,
  ...voiceOf(turn, context, timestampMs),
});

/** Speech, or presumed speech, that cannot be identified. */
export interface Rejection {
  /** A stable identifier. */
  readonly reason: string;
  /** Seconds of the stream. */
  readonly start: number;
  readonly end: number;
  readonly turnId?: string;
}

/** Also emitted for a recording without speech: a flow that waits for an answer gets one. */
export function rejectedEvent(rejection: Rejection, context: EventContext, timestampMs: number): TurnEvent {
  return {
    event_type: 'rejected',
    speaker: null,
    speaker_id: null,
    score: 0,
    margin: 0,
    threshold: probability(context.threshold),
    site: context.site,
    start: seconds(rejection.start),
    end: seconds(rejection.end),
    speech_seconds: 0,
    session_id: context.sessionId,
    candidates: [],
    model: context.model,
    timestamp: isoTime(timestampMs),
    reason: rejection.reason,
    ...present({ turn_id: rejection.turnId }),
  };
}

const shownCandidate = ({ speakerId, name, score }: Candidate) => ({
  speaker_id: speakerId,
  speaker: name,
  score: probability(score),
});

/** Rounded to the resolution of the engine (milliseconds) and of a calibration (four digits). */
export const seconds = (value: number): number => Math.round(value * 1000) / 1000;
export const probability = (value: number): number => Math.round(value * 10_000) / 10_000;
export const isoTime = (sinceEpochMs: number): string => new Date(sinceEpochMs).toISOString();
