import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../support/until.js';
import { type VoiceServer, voiceServer } from '../../support/voiceServer.js';

const headers = { 'x-api-key': 'acme-key' };
const DROP_IN = '/audio/generic/api/v2';
let server: VoiceServer;
let talk: Buffer<ArrayBuffer>;

/** Three people speak in the recording, none of them enrolled. */
beforeAll(async () => {
  server = await voiceServer();
  talk = Buffer.from(readFileSync(server.audio.talk));
});
afterAll(() => server?.[Symbol.asyncDispose]());

// biome-ignore lint/suspicious/noExplicitAny: answers of six calls
type Answer = any;

async function post(path: string, fields: object): Promise<{ status: number; body: Answer }> {
  const body = JSON.stringify({ content: talk.toString('base64'), ...fields });
  const response = await fetch(server.url + path, { method: 'POST', headers, body });
  return { status: response.status, body: await response.json() };
}

/** The final state of a job. */
async function ended(path: string): Promise<Answer> {
  const poll = async () => (await fetch(server.url + path, { headers })).json() as Promise<Answer>;
  return until(poll, ({ status }: Answer) => status === 'done' || status === 'failed');
}

const clusters = (segments: readonly Answer[]) => new Set(segments.map(({ cluster }) => cluster)).size;

/** How many voices each call finds. */
const CALLS: readonly (readonly [string, (fields: object) => Promise<number>])[] = [
  ['POST /v1/identify', async (fields) => clusters((await post('/v1/identify', fields)).body.segments)],
  [
    'POST …/sync/diarization/identify',
    async (fields) => clusters((await post(`${DROP_IN}/sync/diarization/identify`, fields)).body.segments),
  ],
  ['POST …/sync/diarize', async (fields) => (await post(`${DROP_IN}/sync/diarize`, fields)).body.num_speakers],
  [
    'POST …/async/diarization/identify',
    async (fields) => {
      const path = `${DROP_IN}/async/diarization/identify`;
      const { body } = await post(path, fields);
      return clusters((await ended(`${path}/${body.request_id}`)).response.segments);
    },
  ],
  [
    'POST /v1/jobs of kind identify',
    async (fields) => {
      const { body } = await post('/v1/jobs', { kind: 'identify', ...fields });
      return clusters((await ended(`/v1/jobs/${body.requestId}`)).result.segments);
    },
  ],
  [
    'POST /v1/jobs of kind diarize',
    async (fields) => {
      const { body } = await post('/v1/jobs', { kind: 'diarize', ...fields });
      return (await ended(`/v1/jobs/${body.requestId}`)).result.speakers;
    },
  ],
];

test.each(CALLS)('%s takes the number of people, under both names, and a maximum', async (_, voices) => {
  expect(await voices({ speakers: 3, speakerCount: 2 })).toBe(2);
  expect(await voices({ maxSpeakers: 1 })).toBe(1);
});

test('-1 and 0 mean that the number is unknown', async () => {
  const [, voices] = CALLS[0]!;
  expect(await voices({ speakerCount: -1, maxSpeakers: 0 })).toBe(3);
});

test('the number may be in the query, with the recording as the body', async () => {
  const init = { method: 'POST', headers: { ...headers, 'content-type': 'audio/wav' }, body: talk };
  const answer = await (await fetch(`${server.url}/v1/identify?speakers=2`, init)).json();
  expect(clusters((answer as Answer).segments)).toBe(2);
});

test.each([
  { fields: { speakerCount: 101 }, says: /speakerCount must be at most 100/ },
  { fields: { speakers: 1.5 }, says: /speakers must be a whole number/ },
  { fields: { maxSpeakers: 'many' }, says: /maxSpeakers must be a number/ },
  { fields: { speakerCount: 4, maxSpeakers: 3 }, says: /speakerCount is more than maxSpeakers/ },
])('$fields is the fault of the caller, before a job is accepted', async ({ fields, says }) => {
  for (const path of ['/v1/identify', '/v1/jobs']) {
    const { status, body } = await post(path, fields);
    expect([path, status, body.code]).toEqual([path, 400, 'INPUT_INVALID']);
    expect(body.detail).toMatch(says);
  }
  for (const call of ['sync/diarization/identify', 'sync/diarize', 'async/diarization/identify', 'async/diarize']) {
    const { status, body } = await post(`${DROP_IN}/${call}`, fields);
    expect([call, status, body.fault.detail.code]).toEqual([call, 400, 'INPUT_INVALID']);
    expect(body.fault.faultstring).toMatch(says);
  }
  const { jobs } = (await (await fetch(`${server.url}/v1/jobs`, { headers })).json()) as Answer;
  expect(jobs.filter(({ status }: Answer) => status !== 'done')).toEqual([]);
});
