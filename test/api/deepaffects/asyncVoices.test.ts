import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../support/until.js';
import { type VoiceServer, voiceServer } from '../../support/voiceServer.js';

interface Segment {
  readonly speaker_id: string;
  readonly start: number;
  readonly end: number;
  readonly tag?: string;
}

interface Done {
  readonly status: string;
  readonly fault?: unknown;
  readonly response: {
    readonly num_speakers?: number;
    readonly segments: readonly Segment[];
    readonly duration: number;
  };
}

let server: VoiceServer;
beforeAll(async () => {
  server = await voiceServer();
  const enrol = '/audio/generic/api/v2/sync/diarization/enroll?apikey=acme-key&speakerId=slt';
  const response = await fetch(server.url + enrol, {
    method: 'POST',
    headers: { 'content-type': 'audio/wav' },
    body: readFileSync(server.audio.slt),
  });
  expect(await response.json()).toMatchObject({ enrollment_complete: true });
});
afterAll(() => server?.[Symbol.asyncDispose]());

/** Sends a job and waits for its outcome. */
async function outcome(call: string, fields: Readonly<Record<string, unknown>>): Promise<Done['response']> {
  const path = `${server.url}/audio/generic/api/${call}`;
  const headers = { 'x-api-key': 'acme-key' };
  const accepted = await fetch(path, { method: 'POST', headers, body: JSON.stringify(fields) });
  const { request_id: id } = (await accepted.json()) as { request_id: string };
  expect(accepted.status).toBe(202);
  const poll = async () => (await fetch(`${path}/${id}`, { headers })).json() as Promise<Done>;
  const { status, fault, response } = await until(poll, (job) => job.status === 'done' || job.status === 'failed');
  expect([status, fault]).toEqual(['done', undefined]);
  return response;
}

const contentOf = (path: string) => readFileSync(path).toString('base64');
const at = (segments: readonly Segment[], second: number) =>
  segments.find(({ start, end }) => start <= second && second < end)?.speaker_id;
const middleOf = ({ start, end }: { readonly start: number; readonly end: number }) => (start + end) / 2;

test('identify names only enrolled people, from a url that is fetched when the job runs', async () => {
  const { audio } = server;
  const { segments } = await outcome('v2/async/diarization/identify', { url: server.urlOf(audio.talk) });
  const heard = audio.turns.map((turn) => at(segments, middleOf(turn)));
  expect(heard).toEqual(['slt', 'UserNotIdentified', 'UserNotIdentified', 'slt']);
});

test('diarize separates voices, names only the requested people, and respects a number of speakers', async () => {
  const { audio } = server;
  const content = contentOf(audio.talk);
  const nameless = await outcome('v2/async/diarize', { content, speakerCount: -1 });
  const labels = audio.turns.map((turn) => at(nameless.segments, middleOf(turn)));
  expect(labels).toEqual(['speaker1', 'speaker2', 'speaker3', 'speaker1']);
  expect(nameless.num_speakers).toBe(3);
  const named = await outcome('v2/async/diarize', { content, speakerCount: 2, speakerIds: ['slt'] });
  expect(audio.turns.map((turn) => at(named.segments, middleOf(turn)))).toEqual(['slt', 'speaker1', 'speaker1', 'slt']);
  expect(named.num_speakers).toBe(2);
});

test('diarize treats each channel as one person', async () => {
  const { audio } = server;
  const stereo = join(audio.directory, 'stereo.wav');
  execFileSync('sox', ['-M', audio.slt, audio.rms, stereo, 'trim', '0', '8']);
  const fields = { content: contentOf(stereo), speakerIds: ['slt'], separateSpeakerPerChannel: true };
  const { num_speakers: speakers, segments } = await outcome('v2/async/diarize', fields);
  expect(speakers).toBe(2);
  expect(new Set(segments.map(({ speaker_id: id }) => id))).toEqual(new Set(['slt', 'speaker1']));
});

test('vad finds speech, and joins it over short pauses', async () => {
  const content = contentOf(server.audio.talk);
  const { segments, duration } = await outcome('v1/async/vad', { content });
  expect(segments.length).toBeGreaterThan(3);
  expect(segments.every(({ tag, start, end }) => tag === 'speech' && start < end && end <= duration)).toBe(true);
  const joined = await outcome('v1/async/vad', { content, minNonSpeechDuration: 60 });
  expect(joined.segments).toEqual([{ start: segments[0]!.start, end: segments.at(-1)!.end, tag: 'speech' }]);
});
