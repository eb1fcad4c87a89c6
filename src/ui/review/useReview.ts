import { useCallback } from 'preact/hooks';
import type { TurnQuery } from '../client/voicesClient.js';
import { useHome } from '../shared/home.js';
import { useLoaded } from '../shared/useLoaded.js';

const EVERY_MS = 2_000;

/** Turns that are remembered, newest first, with what was said of them; followed while they are shown. */
export function useReview({ conversationId, limit }: TurnQuery) {
  const { client } = useHome();
  const load = useCallback(async () => {
    const [turns, history] = await Promise.all([client.turns({ conversationId, limit }), client.feedbackHistory()]);
    return { turns, history };
  }, [client, conversationId, limit]);
  return useLoaded(load, EVERY_MS);
}
