import type { FeedbackResult, FeedbackSummary } from '../../core/feedback.js';
import type { TurnDirectory, TurnFilter } from '../requests/turns.js';
import type { Names } from '../voiceprints/nameable.js';
import { FeedbackDesk, type FeedbackDeskParts, feedbackSummary } from './feedbackDesk.js';
import type { TurnEntry } from './turnEntry.js';
import { ownerOf } from './turnEntry.js';
import { TURN_MEMORY } from './turnMemory.js';
import { tierOf, turnSummary } from './turnSummary.js';

export interface TurnDirectoryParts extends FeedbackDeskParts {
  /** Names of the people enrolled. */
  readonly namesNow: () => Promise<Names>;
  /** One change after the other: each looks at what those before it left. */
  readonly inOrder: <T>(work: () => Promise<T>) => Promise<T>;
  /** Throws where the engine was closed. */
  readonly assertOpen: () => void;
}

const USUAL_LIMIT = 100;

/** The remembered turns of one tenant; see TurnDirectory. */
export function turnDirectory(parts: TurnDirectoryParts): TurnDirectory {
  const { memory, namesNow, tenantId, inOrder, assertOpen } = parts;
  const desk = new FeedbackDesk(parts);
  const current = <T>(work: () => Promise<T>): Promise<T> =>
    inOrder(async () => {
      await namesNow(); // whoever was erased by another process is forgotten first
      return work();
    });
  return {
    async list(filter = {}) {
      assertOpen();
      const names = await namesNow();
      const { limit = USUAL_LIMIT } = filter;
      const wanted = memory.turns(tenantId).filter((entry) => isWanted(entry, filter));
      return wanted
        .slice(-Math.max(1, Math.min(limit, TURN_MEMORY.mostTurns)))
        .reverse()
        .map((entry) => turnSummary(entry, names));
    },
    async feedback(request): Promise<FeedbackResult> {
      assertOpen();
      const record = await current(() => desk.give(request));
      const { givenAt: _, isUndone: __, ...result } = feedbackSummary(record, await namesNow());
      return result;
    },
    async history() {
      assertOpen();
      const names = await namesNow();
      return memory
        .feedback(tenantId)
        .map((record) => feedbackSummary(record, names))
        .reverse();
    },
    async undo(feedbackId): Promise<FeedbackSummary> {
      assertOpen();
      const record = await current(() => desk.undo(feedbackId));
      return feedbackSummary(record, await namesNow());
    },
    async forget(conversationId) {
      assertOpen();
      return memory.forget(tenantId, conversationId);
    },
  };
}

const isWanted = (entry: TurnEntry, { conversationId, speakerId, tier }: TurnFilter): boolean =>
  (conversationId === undefined || entry.conversationId === conversationId) &&
  (speakerId === undefined || ownerOf(entry) === speakerId) &&
  (tier === undefined || tierOf(entry) === tier);
