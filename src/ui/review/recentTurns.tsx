import type { ComponentChildren } from 'preact';
import type { RememberedTurn } from '../../core/feedback.js';
import type { Identification } from '../../core/identification.js';
import { Timeline } from '../drawing/timeline.js';
import { useHome } from '../shared/home.js';
import { Problem } from '../shared/problem.js';
import { drawnSegments } from './drawnSegments.js';
import { ReviewedTurns } from './reviewedTurns.js';
import { useReview } from './useReview.js';

const MOST_TURNS = 100;
/** What is drawn of a live stream: its last two minutes. */
const DRAWN_SECONDS = 120;

interface RecentTurnsProps {
  /** Shown while nothing was heard. */
  readonly whileEmpty?: ComponentChildren;
}

/** What was heard last at each place, newest first. */
export function RecentTurns({ whileEmpty }: RecentTurnsProps) {
  const { text } = useHome();
  const { value, refused, reload } = useReview({ limit: MOST_TURNS });
  const live = value?.turns.filter(({ kind }) => kind === 'live') ?? [];
  const conversations = [...new Set(live.map(({ conversationId }) => conversationId))].map((id) =>
    live.filter(({ conversationId }) => conversationId === id),
  );
  return (
    <>
      <Problem refused={refused} />
      {value !== undefined && live.length === 0 && (
        <>
          <p class="vp-empty">{text('review.none')}</p>
          {whileEmpty}
        </>
      )}
      {conversations.map((turns) => (
        <section key={turns[0]!.conversationId} class="vp-conversation">
          <h3>{turns[0]!.site ?? text('review.noSite')}</h3>
          <Drawn turns={turns} />
          <ReviewedTurns turns={turns} history={value?.history ?? []} times="day" onChanged={reload} />
        </section>
      ))}
    </>
  );
}

function Drawn({ turns }: { readonly turns: readonly RememberedTurn[] }) {
  const durationSeconds = Math.max(...turns.map(({ end }) => end));
  const startSeconds = Math.max(0, durationSeconds - DRAWN_SECONDS);
  const drawn = turns.filter(({ end }) => end > startSeconds);
  const segments = drawnSegments(drawn.map((turn) => ({ ...turn, start: Math.max(turn.start, startSeconds) })));
  const result: Identification = { durationSeconds, model: '', segments, warnings: [] };
  return <Timeline result={result} startSeconds={startSeconds} />;
}
