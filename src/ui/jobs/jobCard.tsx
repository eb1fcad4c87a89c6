import { useState } from 'preact/hooks';
import type { Identification } from '../../core/identification.js';
import type { Job, ServerClient } from '../client/serverClient.js';
import { Timeline } from '../drawing/timeline.js';
import { decimal, moment } from '../shared/format.js';
import { useHome } from '../shared/home.js';
import { Problem } from '../shared/problem.js';
import { useTask } from '../shared/useTask.js';
import type { TextKey } from '../texts/catalogue.js';
import { segmentTurn } from '../turns/segmentTurn.js';
import { TurnList } from '../turns/turnList.js';

const STATUS_TEXTS: Readonly<
  Record<Job['status'], { readonly key: TextKey; readonly tone: 'good' | 'bad' | 'plain' }>
> = {
  queued: { key: 'jobs.queued', tone: 'plain' },
  running: { key: 'jobs.running', tone: 'plain' },
  done: { key: 'jobs.done', tone: 'good' },
  failed: { key: 'jobs.failed', tone: 'bad' },
  cancelled: { key: 'jobs.cancelled', tone: 'plain' },
};

interface JobCardProps {
  readonly client: ServerClient;
  readonly job: Job;
  onChanged(): void;
}

/** One job: how far it is, and on request what came of it. */
export function JobCard({ client, job, onChanged }: JobCardProps) {
  const { text, language } = useHome();
  const { isRunning, refused, run } = useTask();
  const [outcome, setOutcome] = useState<Job | undefined>();
  const { requestId, kind, status, createdAt, progress } = job;
  const isOver = status !== 'queued' && status !== 'running';
  const { key, tone } = STATUS_TEXTS[status];
  const cancel = () =>
    run(async () => {
      await client.cancelJob(requestId);
      onChanged();
    });
  const show = () => run(async () => setOutcome(await client.job(requestId)));
  return (
    <li class="vp-card" data-job={requestId}>
      <h3>
        <code>{requestId}</code>
      </h3>
      <p>
        <span class={`vp-badge vp-${tone}`}>{text(key)}</span> {text(`jobKind.${kind}`)}
        {createdAt && ` · ${moment(createdAt, language)}`}
      </p>
      {status === 'running' && progress && (
        <p class="vp-progress">
          <span>{text('jobs.progress', { seconds: decimal(progress.doneSeconds, language, 0) })}</span>
          {progress.totalSeconds !== null && (
            <progress
              aria-label={text('jobs.running')}
              max={progress.totalSeconds}
              value={Math.min(progress.doneSeconds, progress.totalSeconds)}
            />
          )}
        </p>
      )}
      {outcome?.problem && <p class="vp-problem">{outcome.problem.detail}</p>}
      {outcome?.result !== undefined && kind === 'identify' && <Outcome result={outcome.result as Identification} />}
      <Problem refused={refused} />
      <div class="vp-actions">
        {(status === 'failed' || (status === 'done' && kind === 'identify')) && outcome === undefined && (
          <button type="button" disabled={isRunning} onClick={show}>
            {text('jobs.show')}
          </button>
        )}
        <button type="button" disabled={isRunning} onClick={cancel}>
          {text(isOver ? 'jobs.erase' : 'jobs.cancel')}
        </button>
      </div>
    </li>
  );
}

function Outcome({ result }: { readonly result: Identification }) {
  return (
    <>
      <Timeline result={result} />
      <TurnList turns={result.segments.map(segmentTurn)} />
    </>
  );
}
