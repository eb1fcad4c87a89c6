import { useCallback, useEffect, useRef } from 'preact/hooks';
import { ReviewedTurns } from '../review/reviewedTurns.js';
import { useHome } from '../shared/home.js';
import { Problem } from '../shared/problem.js';
import { useLoaded } from '../shared/useLoaded.js';

const MOST_TURNS = 200;

interface SessionTurnsProps {
  readonly sessionId: string;
  /** Turns are asked for again when it changes. */
  readonly revision: number;
}

/** The turns of the stream that this page sends, with what can be said of them. */
export function SessionTurns({ sessionId, revision }: SessionTurnsProps) {
  const { client, text } = useHome();
  const load = useCallback(async () => {
    const query = { conversationId: sessionId, limit: MOST_TURNS };
    const [turns, history] = await Promise.all([client.turns(query), client.feedbackHistory()]);
    return { turns, history };
  }, [client, sessionId]);
  const { value, refused, reload } = useLoaded(load);
  const shown = useRef(revision);
  useEffect(() => {
    if (shown.current === revision) return;
    shown.current = revision;
    reload();
  }, [revision, reload]);
  return (
    <>
      {value !== undefined && value.turns.length > 0 && <h3>{text('turns.title')}</h3>}
      <Problem refused={refused} />
      <ReviewedTurns turns={value?.turns ?? []} history={value?.history ?? []} times="recording" onChanged={reload} />
    </>
  );
}
