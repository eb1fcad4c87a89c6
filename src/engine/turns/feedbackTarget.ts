import { VoicePrintsError } from '../../core/errors.js';
import type { UnknownVoice } from '../../core/unknownVoice.js';
import type { FeedbackRequest } from '../requests/turns.js';
import { assertPersonTexts } from '../voiceprints/personTexts.js';
import { assertSpeakerId } from '../voiceprints/speakerId.js';
import { isNamed, isSameVoice, ownerOf, type TurnEntry } from './turnEntry.js';

/** What a piece of feedback is about. */
export interface FeedbackTarget {
  /** The turn that was named in the request; undefined for an unknown voice of which no turn is remembered. */
  readonly turn: TurnEntry | undefined;
  /** It and, unless only it is meant, all others of its voice. */
  readonly turns: readonly TurnEntry[];
  /** The unknown voice that is kept of it. */
  readonly unknownVoice: UnknownVoice | undefined;
}

/** Throws INPUT_INVALID, TURN_NOT_FOUND, CLUSTER_NOT_FOUND. */
export function targetOf(
  { turnId, cluster, verdict, isOnlyTurn = false }: FeedbackRequest,
  all: readonly TurnEntry[],
  unknownVoices: readonly UnknownVoice[],
): FeedbackTarget {
  if ((turnId === undefined) === (cluster === undefined))
    throw new VoicePrintsError('INPUT_INVALID', 'feedback is about a turn or an unknown voice; give turnId or cluster');
  if (cluster !== undefined && verdict !== 'correct')
    throw new VoicePrintsError('INPUT_INVALID', 'an unknown voice can only be named; send correct with a speakerId');
  const turn =
    turnId === undefined
      ? all.findLast((one) => one.kind === 'live' && one.cluster === cluster && !isNamed(one))
      : all.find((one) => one.turnId === turnId);
  if (turnId !== undefined && !turn)
    throw new VoicePrintsError('TURN_NOT_FOUND', 'no such turn is remembered; list the turns to see those that are');
  const id = cluster ?? (turn?.kind === 'live' && !isOnlyTurn ? turn.cluster : null);
  const unknownVoice = unknownVoices.find((voice) => voice.id === id);
  if (!turn && !unknownVoice)
    throw new VoicePrintsError(
      'CLUSTER_NOT_FOUND',
      'there is no such unknown voice, or it has expired; list the unknown voices to see which are kept',
    );
  const turns = !turn ? [] : isOnlyTurn ? [turn] : all.filter((one) => isSameVoice(one, turn));
  return { turn, turns, unknownVoice };
}

/** Whom the feedback is about: whose the voice is, or, of a rejection, is not. Throws INPUT_INVALID, SPEAKER_ID_INVALID. */
export function personOf({ verdict, speakerId, ...texts }: FeedbackRequest, { turn }: FeedbackTarget): string {
  if (speakerId !== undefined) assertSpeakerId(speakerId);
  assertPersonTexts(texts);
  if (verdict === 'correct') {
    if (speakerId !== undefined) return speakerId;
    throw new VoicePrintsError('INPUT_INVALID', 'a correction says whose voice it is; give the speakerId');
  }
  const owner = turn ? ownerOf(turn) : null;
  const person = verdict === 'confirm' ? (speakerId ?? owner) : owner;
  if (person !== null) return person;
  throw new VoicePrintsError('INPUT_INVALID', 'this turn is named as nobody; correct it with the speakerId instead');
}

/** No name twice in one conversation, unless whoever says so knows. Throws NAME_TAKEN. */
export function assertNameFree(speakerId: string, { turn, turns }: FeedbackTarget, all: readonly TurnEntry[]): void {
  if (!turn) return;
  const other = all.find(
    (one) =>
      one.conversationId === turn.conversationId &&
      isNamed(one) &&
      ownerOf(one) === speakerId &&
      !turns.some((own) => isSameVoice(own, one)),
  );
  if (!other) return;
  throw new VoicePrintsError(
    'NAME_TAKEN',
    'another voice of this conversation has that name; correct that one first, or say that both are the same person (isAlsoOther)',
    { details: { turnId: other.turnId } },
  );
}
