import { FEEDBACK_VERDICTS, type FeedbackRequest, VoicePrintsError } from '../../src/index.js';
import { type Command, textOf } from './liveCommand.js';

/** What a message says of a turn; members may be named as in events (`turn_id`). Throws INPUT_INVALID. */
export function feedbackOf(command: Command): FeedbackRequest {
  const word = textOf(command, 'verdict');
  const verdict = FEEDBACK_VERDICTS.find((known) => known === word);
  if (!verdict)
    throw new VoicePrintsError('INPUT_INVALID', `payload.verdict must be one of ${FEEDBACK_VERDICTS.join(', ')}`);
  const members = {
    turnId: textOf(command, 'turnId', 'turn_id'),
    cluster: textOf(command, 'cluster', 'unknownId'),
    speakerId: textOf(command, 'speakerId', 'speaker_id'),
    name: textOf(command, 'name', 'speaker'),
    consentText: textOf(command, 'consent', 'consentText'),
    consentVersion: textOf(command, 'consentVersion'),
    languageCode: textOf(command, 'languageCode'),
  };
  const given = Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
  // An event about a turn may be sent back as it came: the turn is meant, and not its unknown voice.
  if (given.turnId !== undefined) delete given.cluster;
  return {
    verdict,
    ...given,
    ...(command.about.isOnlyTurn === true && { isOnlyTurn: true }),
    ...(command.about.isAlsoOther === true && { isAlsoOther: true }),
  };
}

/** The feedback that a message takes back. Throws INPUT_INVALID. */
export function feedbackIdOf(command: Command): string {
  const feedbackId = textOf(command, 'feedbackId', 'feedback_id');
  if (feedbackId !== undefined) return feedbackId;
  throw new VoicePrintsError(
    'INPUT_INVALID',
    'payload.feedbackId is empty; give the one that the feedback was answered with',
  );
}
