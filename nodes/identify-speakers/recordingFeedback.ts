import type { NodeMessage, NodeMessageInFlow } from 'node-red';
import { topicsOf } from '../../src/events/index.js';
import type { TurnDirectory } from '../../src/index.js';
import { feedbackIdOf, feedbackOf } from '../shared/feedbackCommand.js';
import { type Command, commandOf } from '../shared/liveCommand.js';

/**
 * Feedback for a node that takes recordings only. The command stands in the payload with what it is about: a name alone may be the
 * path of a recording, and other flows carry an `action` of their own.
 */
export function recordingFeedbackOf(msg: NodeMessageInFlow): Command | undefined {
  const command = commandOf(msg);
  if (command?.about.action === undefined) return undefined;
  const isMeant =
    (command.action === 'feedback' && 'verdict' in command.about) ||
    (command.action === 'undo' && ('feedbackId' in command.about || 'feedback_id' in command.about));
  return isMeant ? command : undefined;
}

/** Does what the command says; the answer is as that of a node with live streams. */
export async function answerFeedback(
  msg: NodeMessageInFlow,
  turns: TurnDirectory,
  { topicBase: base, site }: { readonly topicBase: string; readonly site: string },
): Promise<NodeMessage> {
  const command = recordingFeedbackOf(msg)!;
  const isUndo = command.action === 'undo';
  const payload = isUndo ? await turns.undo(feedbackIdOf(command)) : await turns.feedback(feedbackOf(command));
  return { ...msg, topic: topicsOf({ base, site }).feedback, payload, qos: 1, retain: false } as NodeMessage;
}
