import type { NodeMessageInFlow } from 'node-red';
import { type Engine, TURN_TIERS, type TurnFilter, VoicePrintsError } from '../../src/index.js';
import { feedbackIdOf, feedbackOf } from '../shared/feedbackCommand.js';
import { type Command, textOf } from '../shared/liveCommand.js';

/** Actions that correct what was identified or enrolled; what they need besides the person is in `msg.payload`. */
export const CORRECTIONS = ['turns', 'feedback', 'undo', 'samples', 'merge', 'split'] as const;
export type Correction = (typeof CORRECTIONS)[number];

export const isCorrection = (action: string): action is Correction =>
  (CORRECTIONS as readonly string[]).includes(action);

/** @param oneId the person that the node's settings or the message name */
export async function correct(
  action: Correction,
  { payload }: NodeMessageInFlow,
  engine: Pick<Engine, 'turns' | 'speakers'>,
  oneId: () => Promise<string>,
): Promise<unknown> {
  const about = typeof payload === 'object' && payload !== null ? (payload as Record<string, unknown>) : {};
  const command: Command = { action, about };
  switch (action) {
    case 'turns':
      return engine.turns().list(filterOf(command));
    case 'feedback':
      return engine.turns().feedback(feedbackOf(command));
    case 'undo':
      return engine.turns().undo(feedbackIdOf(command));
    case 'samples':
      return engine.speakers().samples(await oneId());
    case 'merge':
      return engine.speakers().merge(await oneId(), needed(command, 'fromId'), { isSure: about.isSure === true });
    case 'split': {
      const name = textOf(command, 'name');
      const consentText = textOf(command, 'consent', 'consentText');
      const consentVersion = textOf(command, 'consentVersion');
      return engine.speakers().split(await oneId(), {
        sampleIds: sampleIdsOf(about.sampleIds),
        speakerId: needed(command, 'speakerId'),
        ...(name !== undefined && { name }),
        ...(consentText !== undefined && { consentText }),
        ...(consentVersion !== undefined && { consentVersion }),
      });
    }
  }
}

function filterOf(command: Command): TurnFilter {
  const conversationId = textOf(command, 'conversationId', 'session_id');
  const speakerId = textOf(command, 'speakerId', 'speaker_id');
  const word = textOf(command, 'tier');
  const tier = TURN_TIERS.find((known) => known === word);
  if (word !== undefined && !tier)
    throw new VoicePrintsError('INPUT_INVALID', `payload.tier must be one of ${TURN_TIERS.join(', ')}`);
  const limit = Number(textOf(command, 'limit') ?? 100);
  if (!Number.isInteger(limit) || limit < 1)
    throw new VoicePrintsError('INPUT_INVALID', 'payload.limit must be a whole number from 1 on');
  return {
    limit,
    ...(conversationId !== undefined && { conversationId }),
    ...(speakerId !== undefined && { speakerId }),
    ...(tier && { tier }),
  };
}

function needed(command: Command, member: string): string {
  const value = textOf(command, member);
  if (value !== undefined) return value;
  throw new VoicePrintsError('INPUT_INVALID', `payload.${member} is empty; ${command.action} needs it`);
}

function sampleIdsOf(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string')) return value;
  throw new VoicePrintsError('INPUT_INVALID', 'payload.sampleIds must be a list of ids from the action samples');
}
