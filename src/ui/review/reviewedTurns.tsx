import type { FeedbackSummary, RememberedTurn } from '../../core/feedback.js';
import { clock, percent } from '../shared/format.js';
import { useHome } from '../shared/home.js';
import { TIER_TEXTS } from '../shared/tiers.js';
import { Why } from '../turns/why.js';
import { TurnAnswers } from './turnAnswers.js';

interface ReviewedTurnsProps {
  readonly turns: readonly RememberedTurn[];
  /** What was said of turns, newest first. */
  readonly history: readonly FeedbackSummary[];
  /** Seconds of the recording, or the time of day. */
  readonly times: 'recording' | 'day';
  /** Plays a turn, where its sound is at hand. */
  readonly onPlay?: ((turn: RememberedTurn) => void) | undefined;
  onChanged(): void;
}

/** Turns with what their names rest on, and what can be said of them. */
export function ReviewedTurns({ turns, history, times, onPlay, onChanged }: ReviewedTurnsProps) {
  const { text, language, mayEnrol } = useHome();
  return (
    <ol class="vp-turns vp-reviewed">
      {turns.map((turn) => {
        const { turnId, tier, name, cluster, score, start, end, heardAt, overlap, said } = turn;
        const voice = name ?? cluster ?? text('tier.unmatched');
        return (
          <li key={turnId} class={`vp-tier-${tier}`} data-turn={turnId}>
            <time dateTime={heardAt}>
              {times === 'day' ? timeOfDay(heardAt, language) : `${clock(start)}–${clock(end)}`}
            </time>
            <span class="vp-voice">{tier === 'suggested' ? `${voice}?` : voice}</span>
            <span class="vp-badge">
              {text(TIER_TEXTS[tier])}
              {tier !== 'unmatched' && said === null && ` ${percent(score, language)}`}
            </span>
            {onPlay && (
              <button type="button" class="vp-small" title={text('review.play')} onClick={() => onPlay(turn)}>
                ▶<span class="vp-unseen">{text('review.play')}</span>
              </button>
            )}
            <Why turn={evidenceOf(turn, overlap)} />
            {mayEnrol && (
              <TurnAnswers
                turn={turn}
                said={said === null ? undefined : history.find((one) => !one.isUndone && one.turnIds.includes(turnId))}
                onChanged={onChanged}
              />
            )}
          </li>
        );
      })}
    </ol>
  );
}

const evidenceOf = ({ score, why, candidates }: RememberedTurn, hasOverlap: boolean) => ({
  score,
  threshold: why.acceptScore,
  cosine: why.cosine,
  speechSeconds: why.speechSeconds,
  hasOverlap,
  candidates,
});

const timeOfDay = (iso: string, language: string): string =>
  new Intl.DateTimeFormat(language, { timeStyle: 'medium' }).format(new Date(iso));
