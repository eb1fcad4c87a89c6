import { useState } from 'preact/hooks';
import type { FeedbackSummary, RememberedTurn } from '../../core/feedback.js';
import { useHome } from '../shared/home.js';
import { Problem } from '../shared/problem.js';
import { useTask } from '../shared/useTask.js';
import { SayWho } from './sayWho.js';

interface TurnAnswersProps {
  readonly turn: RememberedTurn;
  /** The last thing that was said of it, where it can be undone. */
  readonly said: FeedbackSummary | undefined;
  onChanged(): void;
}

/** What a person can say of a turn: yes, no, or who it is; and that it was a mistake. */
export function TurnAnswers({ turn, said, onChanged }: TurnAnswersProps) {
  const { client, text } = useHome();
  const { isRunning, refused, run } = useTask();
  const [isNaming, setIsNaming] = useState(false);
  const { turnId, tier, name } = turn;
  const give = (verdict: 'confirm' | 'reject') =>
    run(async () => {
      await client.feedback({ turnId, verdict });
      onChanged();
    });
  const undo = (feedbackId: string) =>
    run(async () => {
      await client.undo(feedbackId);
      onChanged();
    });
  const mayDoubt = tier !== 'unmatched' && name !== null && said === undefined;
  return (
    <div class="vp-answers">
      {tier === 'suggested' && mayDoubt && <span class="vp-question">{text('review.isThis', { name })}</span>}
      {mayDoubt && (
        <>
          <button type="button" disabled={isRunning} onClick={() => give('confirm')}>
            {text(tier === 'suggested' ? 'review.yes' : 'review.right')}
          </button>
          <button type="button" disabled={isRunning} onClick={() => give('reject')}>
            {text(tier === 'suggested' ? 'review.no' : 'review.wrong')}
          </button>
        </>
      )}
      {said === undefined && (
        <button type="button" disabled={isRunning} onClick={() => setIsNaming(true)}>
          {text('unknown.thisIs')}
        </button>
      )}
      {said && (
        <>
          <span class="vp-badge vp-good">{text(`said.${said.verdict}`)}</span>
          <button type="button" disabled={isRunning} onClick={() => undo(said.feedbackId)}>
            {text('review.undo')}
          </button>
        </>
      )}
      <Problem refused={refused} />
      {isNaming && (
        <SayWho
          title={text('review.whoTitle')}
          target={{ turnId }}
          mayBeOneTurn
          onDone={(isChanged) => {
            setIsNaming(false);
            if (isChanged) onChanged();
          }}
        />
      )}
    </div>
  );
}
