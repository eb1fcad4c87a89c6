import { randomUUID } from 'node:crypto';
import { type EventContext, recordedTurnEvent, rejectedEvent, type TurnEvent } from '../../events/index.js';
import type { CommandSpeaker } from './commandSpeaker.js';

/** Where commands are published. */
export interface CommandPlace extends Pick<EventContext, 'site' | 'model' | 'threshold'> {
  readonly onEvent: (event: TurnEvent) => void;
}

/** A command as the turn of a session of its own, which is what it is for whoever listens to events. */
export function commandEvent({ turn }: CommandSpeaker, place: CommandPlace): TurnEvent {
  const { site, model, threshold } = place;
  const context: EventContext = { site, model, threshold, sessionId: randomUUID() };
  const nowMs = Date.now();
  if (!turn) return rejectedEvent({ reason: 'AUDIO_NO_SPEECH', start: 0, end: 0 }, context, nowMs);
  const event = recordedTurnEvent(turn, context, nowMs);
  // A label within this command, by which nobody can be enrolled.
  const { cluster: _ofCommand, ...told } = event;
  return told;
}
