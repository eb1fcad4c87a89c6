import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { AsyncJobs } from '../../../src/api/asyncJobs.js';
import { VoicePrintsError } from '../../../src/core/errors.js';
import type { Identification, IdentifiedSegment } from '../../../src/core/identification.js';
import { createEngine } from '../../../src/engine/createEngine.js';
import type { Engine } from '../../../src/engine/engine.js';
import type { JobSettings } from '../../../src/engine/jobs/jobSettings.js';
import { modelInStore } from '../../../src/engine/models/modelInStore.js';
import { LOCAL_TENANT } from '../../../src/engine/requests/callOptions.js';
import { LowdbRegistry } from '../../../src/registry/lowdbRegistry.js';
import { webhookReceiver } from '../../jobs/webhookReceiver.js';
import { randomVoiceprint } from '../../registry/randomVoiceprint.js';
import { scriptedEngine } from '../../support/scriptedEngine.js';
import { allBytes, temporaryFolder } from '../../support/temporaryFolder.js';
import { until } from '../../support/until.js';

const ANNA = { speakerId: 'anna_amsel', name: 'Anna Amsel' };
const BERT = { speakerId: 'bert_blau', name: 'Bert Blau' };
const candidate = (person: typeof ANNA) => ({ ...person, score: 0.9, cosine: 0.7 });

const segment = (start: number, extra: Partial<IdentifiedSegment>): IdentifiedSegment => ({
  start,
  end: start + 1,
  speakerId: null,
  name: null,
  cluster: null,
  score: 0.9,
  margin: 0.5,
  cosine: 0.7,
  decision: 'unknown',
  overlap: false,
  candidates: [candidate(ANNA), candidate(BERT)],
  ...extra,
});

const HEARD: Identification = {
  durationSeconds: 3,
  model: 'scripted',
  segments: [
    segment(0, { ...ANNA, decision: 'identified' }),
    segment(1, { ...BERT, decision: 'identified' }),
    segment(2, { cluster: 'unknown-1' }),
    segment(3, { ...ANNA, cluster: 'unknown-2', decision: 'uncertain' }),
  ],
  warnings: [],
};

/** A store with two people enrolled. */
async function peopled(): Promise<string> {
  const folder = await temporaryFolder();
  await using registry = await LowdbRegistry.open(folder);
  const modelId = (await modelInStore(folder, undefined)).id;
  const people = [ANNA, BERT].map(({ speakerId, name }) => randomVoiceprint({ id: speakerId, name, modelId }));
  await registry.putAll(LOCAL_TENANT, people, { replace: false });
  return folder;
}

/** Jobs of a real store, whose recordings are heard by a script. */
function jobsOf(
  engine: Engine,
  identify: Engine['identify'],
  options: { allowHosts?: string[]; settings?: Partial<JobSettings> },
) {
  const scripted = scriptedEngine({ identify, storeDirectory: engine.storeDirectory });
  const speakers: Engine['speakers'] = (...who) => engine.speakers(...who);
  const onErased: Engine['onErased'] = (listener) => engine.onErased(listener);
  return new AsyncJobs({ engine: { ...scripted, speakers, onErased }, ...options });
}

/** What is left of Anna in the files, but for her id in the audit log, which is documented. */
async function leftOfAnna(folder: string): Promise<string[]> {
  const bytes = (await allBytes(folder)).toString('latin1').replace(/^\{"time".*$/gm, '');
  return [ANNA.speakerId, ANNA.name].filter((text) => bytes.includes(text));
}

const submit = (webhookUrl?: string) => ({
  ...{ call: '/v1/jobs', source: { kind: 'bytes', bytes: Buffer.from('sound') } as const, webhookUrl },
  task: { kind: 'identify' } as const,
});

test('an erased person leaves jobs that wait, run and are over, webhooks, and every file', async () => {
  const folder = await peopled();
  await using receiver = await webhookReceiver(({ body }, response) => {
    // The first job's receiver is away until she is erased.
    response.statusCode = body.request_id === 'done' && !isErased ? 500 : 200;
    response.end();
  });
  let isErased = false;
  let isSlow = false;
  const waiting: (() => void)[] = [];
  const identify: Engine['identify'] = (_request, { signal } = {}) =>
    new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new VoicePrintsError('ABORTED', 'stopped')));
      if (isSlow) waiting.push(() => resolve(HEARD));
      else resolve(HEARD);
    });
  await using engine = await createEngine({ storeDirectory: folder });
  await using async = jobsOf(engine, identify, {
    allowHosts: [receiver.host],
    settings: { concurrency: 1, webhookTries: 2, webhookRetryMs: 1 },
  });
  const jobs = await async.open();
  await jobs.submit({ ...submit(receiver.url), requestId: 'done' });
  await until(async () => (await jobs.get('done'))?.webhook?.status === 'dead');
  isSlow = true;
  await jobs.submit({ ...submit(receiver.url), requestId: 'running' });
  await until(() => waiting.length === 1);
  const task = { kind: 'diarize', speakerIds: [ANNA.speakerId, BERT.speakerId], isSpeakerPerChannel: false } as const;
  await jobs.submit({ ...submit(), task, requestId: 'waiting' });
  expect(await leftOfAnna(folder)).toEqual([ANNA.speakerId, ANNA.name]);

  expect(await engine.speakers().delete(ANNA.speakerId)).toBe(true);
  expect(await leftOfAnna(folder)).toEqual([]);

  isErased = true;
  const [letter] = await jobs.deadLetters(10);
  await jobs.resend(letter!.webhookId);
  for (const go of waiting.splice(0)) go();
  await until(() => receiver.received.some(({ body }) => body.request_id === 'running'));
  await until(() => receiver.received.filter(({ body }) => body.request_id === 'done').length === 3);
  const told = receiver.received.slice(2).map(({ text }) => text);
  for (const text of told) {
    expect(text).not.toContain(ANNA.speakerId);
    expect(text).toContain(BERT.speakerId);
    expect(text).toContain('UserNotIdentified');
  }
  expect(await leftOfAnna(folder)).toEqual([]);
  expect(await jobs.get('done')).toMatchObject({
    outcome: {
      result: {
        segments: [
          { speakerId: null, name: null, cluster: 'unknown-3', decision: 'unknown', candidates: [candidate(BERT)] },
          { ...BERT, decision: 'identified' },
          { cluster: 'unknown-1', candidates: [candidate(BERT)] },
          { speakerId: null, cluster: 'unknown-2', decision: 'unknown' },
        ],
      },
    },
  });
});

/** A store where a job named both, and whose jobs nobody runs. */
async function withOldJob(): Promise<string> {
  const folder = await peopled();
  await using engine = await createEngine({ storeDirectory: folder });
  await using async = jobsOf(engine, async () => HEARD, {});
  const jobs = await async.open();
  await jobs.submit({ ...submit(), requestId: 'old' });
  await until(async () => (await jobs.get('old'))?.status === 'done');
  expect(await leftOfAnna(folder)).toEqual([ANNA.speakerId, ANNA.name]);
  return folder;
}

test('a person is erased from jobs that no process runs', async () => {
  const folder = await withOldJob();
  await using engine = await createEngine({ storeDirectory: folder });
  await engine.speakers().delete(ANNA.speakerId);
  expect(await leftOfAnna(folder)).toEqual([]);
});

const running = new Set<ChildProcess>();
afterEach(async () => {
  for (const child of running) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  running.clear();
});

test('a person is erased from jobs that another process runs', async () => {
  const folder = await withOldJob();
  const script = fileURLToPath(new URL('../../jobs/jobServer.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, folder, ''], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  await once(child.stdout!, 'data'); // it listens
  await using engine = await createEngine({ storeDirectory: folder });
  await engine.speakers().delete(ANNA.speakerId);
  expect(await leftOfAnna(folder)).toEqual([]);
});

test('an export in progress omits people who are erased meanwhile', async () => {
  const folder = await peopled();
  await using engine = await createEngine({ storeDirectory: folder });
  const speakers = engine.speakers();
  const exporting = speakers.export('a long passphrase');
  await speakers.delete(ANNA.speakerId);
  const file = await exporting;
  await using other = await createEngine({ storeDirectory: await temporaryFolder() });
  const people = await other.speakers().import(file, 'a long passphrase');
  expect(people.map(({ speakerId }) => speakerId)).toEqual([BERT.speakerId]);
});
