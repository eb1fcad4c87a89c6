import { useEffect, useRef, useState } from 'preact/hooks';
import { type Refused, refusedOf } from '../client/refused.js';
import type { SampleDetails } from '../client/voicesClient.js';
import { useHome } from '../shared/home.js';
import { Problem } from '../shared/problem.js';

/** Files that are to become samples of one person. */
export interface SamplePlan {
  readonly speakerId: string;
  readonly name: string;
  readonly files: readonly File[];
}

interface Row {
  readonly key: string;
  readonly name: string;
  readonly file: string;
  readonly state: 'waiting' | 'running' | 'accepted' | 'complete' | 'refused';
  readonly refused?: Refused;
}

/** Sends files one after the other, so that a server is not flooded and each has its own answer. */
export function useSamplePlans() {
  const { client } = useHome();
  const [rows, setRows] = useState<readonly Row[]>([]);
  const [isRunning, setIsRunning] = useState(false);
  const isGone = useRef(false);
  useEffect(
    () => () => {
      isGone.current = true;
    },
    [],
  );
  const start = (plans: readonly SamplePlan[], details: SampleDetails) => {
    const work = plans.flatMap(({ speakerId, name, files }) =>
      files.map((file, index) => ({ speakerId, name, file, key: `${speakerId}/${index}` })),
    );
    setRows(work.map(({ key, name, file }) => ({ key, name, file: file.name, state: 'waiting' })));
    setIsRunning(true);
    const change = (key: string, changed: Partial<Row>) =>
      setRows((before) => before.map((row) => (row.key === key ? { ...row, ...changed } : row)));
    const sendAll = async () => {
      for (const { key, speakerId, name, file } of work) {
        if (isGone.current) return;
        change(key, { state: 'running' });
        try {
          const { status } = await client.addSample(speakerId, file, { ...details, name });
          change(key, { state: status === 'complete' ? 'complete' : 'accepted' });
        } catch (thrown) {
          change(key, { state: 'refused', refused: refusedOf(thrown) });
        }
      }
      setIsRunning(false);
    };
    void sendAll(); // never rejects: each failure is shown in its row
  };
  return { rows, isRunning, start };
}

export function SamplePlans({ rows }: { readonly rows: readonly Row[] }) {
  const { text } = useHome();
  if (rows.length === 0) return null;
  return (
    <ul class="vp-plans" aria-live="polite">
      {rows.map(({ key, name, file, state, refused }) => (
        <li key={key} data-state={state}>
          <strong>{name}</strong> <span class="vp-file">{file}</span>{' '}
          <span class={`vp-badge vp-${state === 'complete' ? 'good' : state === 'refused' ? 'bad' : 'plain'}`}>
            {text(`plan.${state}`)}
          </span>
          <Problem refused={refused} />
        </li>
      ))}
    </ul>
  );
}
