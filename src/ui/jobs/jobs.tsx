import { useCallback, useState } from 'preact/hooks';
import type { ServerClient } from '../client/serverClient.js';
import { FileDrop } from '../shared/fileDrop.js';
import { useHome } from '../shared/home.js';
import { Problem } from '../shared/problem.js';
import { useLoaded } from '../shared/useLoaded.js';
import { useTask } from '../shared/useTask.js';
import { JobCard } from './jobCard.js';

const EVERY_MS = 3_000;

/** Recordings that are processed in the background: how far they are, what came of them. */
export function Jobs({ client }: { readonly client: ServerClient }) {
  const { text } = useHome();
  const [cursors, setCursors] = useState<readonly (string | undefined)[]>([undefined]);
  const load = useCallback(async () => {
    const pages = await Promise.all(cursors.map((cursor) => client.jobs(cursor)));
    return { jobs: pages.flatMap(({ jobs }) => jobs), cursor: pages.at(-1)?.cursor ?? null };
  }, [client, cursors]);
  const { value, refused, reload } = useLoaded(load, EVERY_MS);
  const task = useTask();
  const { cursor } = value ?? {};
  const submit = (file: File) =>
    task.run(async () => {
      await client.submitJob(file);
      reload();
    });
  return (
    <section aria-labelledby="vp-jobs-title">
      <h2 id="vp-jobs-title">{text('jobs.title')}</h2>
      <FileDrop
        hint={text('jobs.dropHint')}
        isDisabled={task.isRunning}
        onFiles={([found]) => found !== undefined && submit(found.file)}
      />
      {task.isRunning && <p role="status">{text('jobs.sending')}</p>}
      <Problem refused={task.refused ?? refused} />
      {value?.jobs.length === 0 && <p class="vp-empty">{text('jobs.none')}</p>}
      <ul class="vp-cards vp-wide">
        {value?.jobs.map((job) => (
          <JobCard key={job.requestId} client={client} job={job} onChanged={reload} />
        ))}
      </ul>
      {cursor != null && (
        <button type="button" onClick={() => setCursors((before) => [...before, cursor])}>
          {text('action.more')}
        </button>
      )}
    </section>
  );
}
