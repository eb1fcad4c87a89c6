import { useEffect, useRef, useState } from 'preact/hooks';
import type { EnrollResult } from '../../core/identification.js';
import { type Refused, refusedOf } from '../client/refused.js';
import type { SampleDetails } from '../client/voicesClient.js';
import { decimal } from '../shared/format.js';
import { useHome } from '../shared/home.js';
import { Problem, Reasons } from '../shared/problem.js';

/** Files that are to become samples of one person. */
export interface SamplePlan {
  readonly speakerId: string;
  readonly name: string;
  readonly files: readonly File[];
}

interface Row extends Omit<SamplePlan, 'files'> {
  readonly key: string;
  readonly file: File;
  /** `fits` and `unfit` are of the trial; what follows is of the enrolment. */
  readonly state: 'waiting' | 'running' | 'fits' | 'unfit' | 'accepted' | 'complete' | 'refused';
  /** What the gate said. */
  readonly result?: EnrollResult;
  readonly refused?: Refused;
}

/**
 * Files are tried first, which stores nothing; those that fit are enrolled when the user says so. They are sent one after the
 * other, so that a server is not flooded and each has its own answer.
 */
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
  const sendAll = async (work: readonly Row[], send: (row: Row) => Promise<Partial<Row>>, failed: Row['state']) => {
    setIsRunning(true);
    const change = (key: string, changed: Partial<Row>) =>
      setRows((before) => before.map((row) => (row.key === key ? { ...row, ...changed } : row)));
    for (const row of work) {
      if (isGone.current) return;
      change(row.key, { state: 'running' });
      try {
        change(row.key, await send(row));
      } catch (thrown) {
        change(row.key, { state: failed, refused: refusedOf(thrown) });
      }
    }
    setIsRunning(false);
  };
  const tryAll = (plans: readonly SamplePlan[]) => {
    const work = plans.flatMap(({ speakerId, name, files }) =>
      files.map((file, index): Row => ({ key: `${speakerId}/${index}`, speakerId, name, file, state: 'waiting' })),
    );
    setRows(work);
    const send = async ({ speakerId, file }: Row) => {
      const result = await client.trySample(speakerId, file);
      return { state: result.status === 'rejected' ? 'unfit' : 'fits', result } as const;
    };
    void sendAll(work, send, 'unfit'); // never rejects: each failure is shown in its row
  };
  const fitting = rows.filter(({ state }) => state === 'fits');
  const enrolFitting = (details: SampleDetails) => {
    const send = async ({ speakerId, name, file }: Row) => {
      const result = await client.addSample(speakerId, file, { ...details, name });
      return { state: result.status === 'complete' ? 'complete' : 'accepted', result } as const;
    };
    void sendAll(fitting, send, 'refused');
  };
  return { rows, isRunning, fitting: isRunning ? 0 : fitting.length, tryAll, enrolFitting, discard: () => setRows([]) };
}

const BADGES = { fits: 'good', complete: 'good', unfit: 'bad', refused: 'bad' } as const;

export function SamplePlans({ rows }: { readonly rows: readonly Row[] }) {
  const { text } = useHome();
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    // Below the text to read and the place for files: outside the screen of a telephone.
    const latest = rows.map(({ state }) => state !== 'waiting').lastIndexOf(true);
    list.current?.children[latest]?.scrollIntoView({ block: 'nearest' });
  }, [rows]);
  if (rows.length === 0) return null;
  return (
    <ul class="vp-plans" aria-live="polite" ref={list}>
      {rows.map(({ key, name, file, state, result, refused }) => (
        <li key={key} data-state={state}>
          <strong>{name}</strong> <span class="vp-file">{file.name}</span>{' '}
          <span class={`vp-badge vp-${state in BADGES ? BADGES[state as keyof typeof BADGES] : 'plain'}`}>
            {text(state === 'unfit' ? 'plan.refused' : `plan.${state}`)}
          </span>
          {result && refused === undefined && <Finding result={result} />}
          <Problem refused={refused} />
        </li>
      ))}
    </ul>
  );
}

/** What the gate found in one recording. */
function Finding({ result: { quality, status, samples, reasons } }: { readonly result: EnrollResult }) {
  const { text, language } = useHome();
  const seconds = samples[0]?.speechSeconds ?? 0;
  const shown = reasons.filter(({ refuses }) => refuses || status !== 'rejected');
  return (
    <>
      <span class="vp-hint">
        {' '}
        {text('plan.speech', { seconds: decimal(seconds, language) })}
        {status !== 'rejected' && ` · ${text(`quality.${quality}`)}`}
      </span>
      {shown.length > 0 && <Reasons reasons={shown} />}
    </>
  );
}
