import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type VoiceServer, voiceServer } from '../../support/voiceServer.js';

/** The drop-in calls over real HTTP, with real speech and the real networks; the cases follow each other. */
let server: VoiceServer;
beforeAll(async () => {
  server = await voiceServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

type Version = 'v1' | 'v2';
const base64 = (path: string) => readFileSync(path).toString('base64');
const callUrl = (version: Version, name: string, query = 'apikey=acme-key') =>
  `${server.url}/audio/generic/api/${version}/sync/diarization/${name}?${query}`;

async function answerOf(response: Response) {
  return { status: response.status, body: await response.json() };
}
const get = async (url: string) => answerOf(await fetch(url));
const post = async (url: string, body: object) =>
  answerOf(
    await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  );

/** What curl prints, parsed. */
async function curl(...args: string[]) {
  const { stdout } = await promisify(execFile)('curl', ['-sS', '-w', '\n%{http_code}', ...args], {
    maxBuffer: 2 ** 24,
  });
  const at = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(at + 1)), body: JSON.parse(stdout.slice(0, at)) };
}

/** Who has most of a stretch of the talk. */
function heardIn(segments: { speaker_id: string; start: number; end: number }[], start: number, end: number): string {
  const seconds = new Map<string, number>();
  for (const segment of segments) {
    const shared = Math.min(end, segment.end) - Math.max(start, segment.start);
    if (shared > 0) seconds.set(segment.speaker_id, (seconds.get(segment.speaker_id) ?? 0) + shared);
  }
  return [...seconds].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'nobody';
}

const expectTalk = (segments: { speaker_id: string; start: number; end: number }[]) =>
  expect(server.audio.turns.map(({ start, end }) => heardIn(segments, start, end))).toEqual([
    'slt',
    'rms',
    'UserNotIdentified',
    'slt',
  ]);

describe('enrolment', () => {
  test('FLAC as content on v1 is Complete from 12 seconds of speech on', async () => {
    const content = base64(server.audio.as(server.audio.slt, 'flac'));
    const body = { content, sampleRate: 16000, encoding: 'FLAC', languageCode: 'en-US', speakerId: 'slt' };
    const answer = await post(callUrl('v1', 'enroll'), body);
    expect(answer).toEqual({
      status: 200,
      body: {
        message: 'Complete',
        speaker_id: 'slt',
        enroll_quality: expect.stringMatching(/^(poor|average|good|high)$/),
        enrollment_complete: true,
        total_speech_duration: expect.any(Number),
        total_enroll_duration: expect.any(Number),
        remarks: expect.any(Array),
      },
    });
    const { total_speech_duration: speech, total_enroll_duration: all } = answer.body;
    expect(speech).toBeGreaterThanOrEqual(12);
    expect(all).toBeGreaterThan(speech);
  });

  test('MP3 behind a url on v2 is Success, with enrollment_complete', async () => {
    const url = server.urlOf(server.audio.as(server.audio.rms, 'mp3'));
    const answer = await post(callUrl('v2', 'enroll'), { url, sampleRate: '16000', encoding: 'mp3', speakerId: 'rms' });
    expect(answer).toMatchObject({
      status: 200,
      body: { message: 'Success', speaker_id: 'rms', enrollment_complete: true },
    });
  });

  test('less than 6 seconds of speech is refused with the message of the DeepAffects API, and nothing is stored', async () => {
    const answer = await post(callUrl('v1', 'enroll'), {
      content: base64(server.audio.little),
      encoding: 'Wave',
      speakerId: 'short',
    });
    expect(answer.status).toBe(400);
    expect(answer.body.fault.faultstring).toBe('Error in enroll: Insufficent speech content in audio');
    expect(answer.body.fault.detail).toMatchObject({
      errorcode: 'com.deepaffects.BadRequest',
      error_code: 'com.deepaffects.BadRequest',
      code: 'ENROLL_REFUSED',
      reasons: [{ code: 'TOO_LITTLE_SPEECH', message: expect.any(String) }],
    });
    expect((await get(callUrl('v2', 'enroll', 'apikey=acme-key&speakerId=short'))).status).toBe(400);
  });

  test('between 6 and 12 seconds is Success with a request for more; samples accumulate', async () => {
    const body = { content: base64(server.audio.some), encoding: 'wav', speakerId: 'some' };
    const first = await post(callUrl('v1', 'enroll', 'apikey=globex-key'), body);
    expect(first).toMatchObject({ status: 200, body: { message: 'Success', enrollment_complete: false } });
    const more = { ...body, content: base64(server.audio.more) };
    const second = await post(callUrl('v1', 'enroll', 'apikey=globex-key'), more);
    expect(second).toMatchObject({ status: 200, body: { message: 'Complete', enrollment_complete: true } });
    expect(second.body.total_speech_duration).toBeGreaterThan(first.body.total_speech_duration);
  });

  test('a recording that comes again is Success, with the state as it is and a remark; the modern call refuses it', async () => {
    const query = 'apikey=globex-key';
    const again = (version: Version, path: string) =>
      post(callUrl(version, 'enroll', query), { content: base64(path), encoding: 'wav', speakerId: 'some' });
    const deleted = await fetch(callUrl('v1', 'delete', `${query}&speakerId=some`), { method: 'POST' });
    expect(await deleted.json()).toEqual({ message: 'Success' });
    const first = await again('v1', server.audio.some);
    expect(first.body.enrollment_complete).toBe(false);
    const remarks = [{ code: 'SAME_RECORDING', message: expect.any(String) }];
    expect(await again('v1', server.audio.some)).toEqual({ status: 200, body: { ...first.body, remarks } });
    const complete = await again('v1', server.audio.more);
    expect(await again('v1', server.audio.some)).toEqual({ status: 200, body: { ...complete.body, remarks } });
    expect((await again('v2', server.audio.some)).body).toEqual({ ...complete.body, message: 'Success', remarks });
    const modern = await fetch(`${server.url}/v1/speakers/some/samples?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'audio/wav' },
      body: readFileSync(server.audio.some),
    });
    expect(await answerOf(modern)).toMatchObject({ status: 422, body: { reasons: remarks } });
  });

  test('the status of one, on both paths', async () => {
    for (const version of ['v1', 'v2'] as const) {
      expect(await get(callUrl(version, 'enroll', 'apikey=acme-key&speakerId=slt'))).toEqual({
        status: 200,
        body: {
          message: 'Success',
          speaker_id: 'slt',
          enrollment_complete: true,
          total_speech_duration: expect.any(Number),
          total_enroll_duration: expect.any(Number),
          enroll_quality: expect.any(String),
        },
      });
    }
  });

  test('incomplete people are listed with getAllSpeakers=True only, and are looked for all the same', async () => {
    const body = { content: base64(server.audio.some), encoding: 'wav', speakerId: 'half' };
    expect((await post(callUrl('v2', 'enroll'), body)).body.enrollment_complete).toBe(false);
    const ids = async (query: string) => {
      const { body: list } = await get(callUrl('v1', 'get_enrolled_speakers', `apikey=acme-key${query}`));
      expect(list.developer_id).toBe('acme');
      return list.enrolled_speaker_ids.map(({ speaker_id }: { speaker_id: string }) => speaker_id);
    };
    expect(await ids('')).toEqual(['rms', 'slt']);
    expect(await ids('&getAllSpeakers=False')).toEqual(['rms', 'slt']);
    expect(await ids('&getAllSpeakers=True')).toEqual(['half', 'rms', 'slt']);
    const asked = await post(callUrl('v2', 'identify'), {
      content: base64(server.audio.talk),
      speakerIds: ['slt', 'half'],
    });
    expect(asked.status).toBe(200);
    await post(callUrl('v2', 'delete'), { speakerId: 'half' });
  });
});

describe('identification', () => {
  test('WAV as content: names, an unknown visitor, scores', async () => {
    const body = { content: base64(server.audio.talk), encoding: 'WAV', sampleRate: 16000, languageCode: 'en-US' };
    const answer = await post(callUrl('v2', 'identify'), body);
    expect(answer.status).toBe(200);
    expectTalk(answer.body.segments);
    for (const segment of answer.body.segments) {
      expect(segment).toEqual({
        speaker_id: expect.stringMatching(/^(slt|rms|UserNotIdentified)$/),
        start: expect.any(Number),
        end: expect.any(Number),
        identification_score: expect.any(Number),
        margin: expect.any(Number),
        decision: expect.stringMatching(/^(identified|uncertain|unknown)$/),
        name: segment.decision === 'identified' ? segment.speaker_id : null,
        cluster: segment.decision === 'identified' ? null : expect.stringMatching(/^unknown-\d+$/),
        overlap: expect.any(Boolean),
        candidates: expect.any(Array),
      });
      expect(segment.identification_score).toBeGreaterThanOrEqual(0);
      expect(segment.identification_score).toBeLessThanOrEqual(1);
    }
  });

  test.each(['flac', 'mp3', 'ogg', 'm4a'] as const)('%s behind a url and as the body', async (extension) => {
    const path = server.audio.as(server.audio.talk, extension);
    const behind = await post(callUrl('v2', 'identify'), {
      url: server.urlOf(path),
      encoding: extension.toUpperCase(),
    });
    const raw = await fetch(callUrl('v2', 'identify'), {
      method: 'POST',
      headers: { 'content-type': `audio/${extension}` },
      body: readFileSync(path),
    });
    expect(behind.status).toBe(200);
    expectTalk(behind.body.segments);
    expect((await answerOf(raw)).body.segments).toEqual(behind.body.segments);
  });

  test('headerless PCM needs encoding and sampleRate', async () => {
    const content = base64(server.audio.as(server.audio.talk, 's16'));
    const told = await post(callUrl('v2', 'identify'), { content, encoding: 'LINEAR16', sampleRate: '16000' });
    expect(told.status).toBe(200);
    expectTalk(told.body.segments);
    const untold = await post(callUrl('v2', 'identify'), { content });
    expect([untold.status, untold.body.fault.detail.error_type]).toEqual([400, 'params_invalid']);
  });

  test('headerless mu-law with its format in the content type', async () => {
    const response = await fetch(callUrl('v2', 'identify'), {
      method: 'POST',
      headers: { 'content-type': 'audio/PCMU;rate=8000' },
      body: readFileSync(server.audio.as(server.audio.talk, 'ul')),
    });
    const { status, body } = await answerOf(response);
    expect(status).toBe(200);
    expect(body.duration).toBeCloseTo(server.audio.turns.at(-1)!.end, 1);
  });

  test('only the requested people are named', async () => {
    const body = { content: base64(server.audio.talk), speakerIds: ['rms'] };
    const { segments } = (await post(callUrl('v2', 'identify'), body)).body;
    expect(server.audio.turns.map(({ start, end }) => heardIn(segments, start, end))).toEqual([
      'UserNotIdentified',
      'rms',
      'UserNotIdentified',
      'UserNotIdentified',
    ]);
  });

  test('more than two minutes are refused with a hint', async () => {
    const answer = await post(callUrl('v2', 'identify'), {
      url: server.urlOf(server.audio.as(server.audio.long, 'flac')),
    });
    expect([answer.status, answer.body.fault.faultstring]).toEqual([400, expect.stringContaining('async')]);
  });

  test('unknown ids are named', async () => {
    const body = { content: base64(server.audio.talk), speakerIds: ['slt', 'nobody_1', 'nobody_2'] };
    const answer = await post(callUrl('v2', 'identify'), body);
    expect([answer.status, answer.body.fault.faultstring]).toEqual([400, expect.stringMatching(/nobody_1.*nobody_2/)]);
  });
});

describe('tenants', () => {
  test('see, name and erase only their own people', async () => {
    const { body: list } = await get(callUrl('v2', 'get_enrolled_speakers', 'apikey=globex-key&getAllSpeakers=true'));
    expect(list).toMatchObject({ developer_id: 'globex', enrolled_speaker_ids: [{ speaker_id: 'some' }] });
    expect((await get(callUrl('v2', 'enroll', 'apikey=globex-key&speakerId=slt'))).status).toBe(400);
    expect((await post(callUrl('v2', 'delete', 'apikey=globex-key'), { speakerId: 'slt' })).body).toEqual({
      message: 'Failure',
    });
    const asked = { content: base64(server.audio.talk), speakerIds: ['rms'] };
    expect((await post(callUrl('v2', 'identify', 'apikey=globex-key'), asked)).status).toBe(400);
  });

  test('may use the same id for different voices', async () => {
    const body = { content: base64(server.audio.rms), speakerId: 'slt' };
    expect((await post(callUrl('v1', 'enroll', 'apikey=globex-key'), body)).body.message).toBe('Complete');
    await post(callUrl('v1', 'delete', 'apikey=globex-key'), { speakerId: 'some' });
    const talk = { content: base64(server.audio.talk) };
    const ours = (await post(callUrl('v2', 'identify'), talk)).body.segments;
    const theirs = (await post(callUrl('v2', 'identify', 'apikey=globex-key'), talk)).body.segments;
    expectTalk(ours);
    expect(server.audio.turns.map(({ start, end }) => heardIn(theirs, start, end))).toEqual([
      'UserNotIdentified',
      'slt',
      'UserNotIdentified',
      'UserNotIdentified',
    ]);
    expect((await post(callUrl('v1', 'delete', 'apikey=globex-key'), { speakerId: 'slt' })).body.message).toBe(
      'Success',
    );
    expect((await get(callUrl('v2', 'enroll', 'apikey=acme-key&speakerId=slt'))).status).toBe(200);
  });
});

test('the whole round with curl, in three formats and three forms of the key', async () => {
  const { audio } = server;
  const query = (name: string) => callUrl('v2', name, 'apikey=globex-key');
  const body = JSON.stringify({ url: server.urlOf(audio.as(audio.slt, 'flac')), speakerId: 'slt', encoding: 'flac' });
  expect(await curl(query('enroll'), '-H', 'Content-Type: application/json', '-d', body)).toMatchObject({
    status: 200,
    body: { speaker_id: 'slt', enrollment_complete: true },
  });
  const mp3 = ['-H', 'Content-Type: audio/mpeg', '--data-binary', `@${audio.as(audio.rms, 'mp3')}`];
  const bearer = ['-H', 'Authorization: Bearer globex-key'];
  expect(await curl(callUrl('v1', 'enroll', 'speakerId=rms'), ...bearer, ...mp3)).toMatchObject({
    status: 200,
    body: { message: 'Complete' },
  });
  const listed = await curl(callUrl('v1', 'get_enrolled_speakers', 'api_key=globex-key'));
  expect(listed.body.enrolled_speaker_ids).toHaveLength(2);
  const wav = ['-H', 'Content-Type: audio/wav', '--data-binary', `@${audio.talk}`];
  const talk = await curl(query('identify'), ...wav);
  expect(talk.status).toBe(200);
  expectTalk(talk.body.segments);
  for (const speakerId of ['slt', 'rms']) {
    const deleted = await curl(query('delete'), '-d', JSON.stringify({ speakerId }));
    expect(deleted).toEqual({ status: 200, body: { message: 'Success' } });
  }
  expect(await curl(query('get_enrolled_speakers'))).toEqual({
    status: 200,
    body: { developer_id: 'globex', enrolled_speaker_ids: [] },
  });
});

test('nothing of this was a fault of ours', () => {
  expect(server.failures).toEqual([]);
});

describe('diarize, as the published clients call it', () => {
  const diarize = (version: Version, fields: object) =>
    post(`${server.url}/audio/generic/api/${version}/sync/diarize?apikey=acme-key`, {
      content: base64(server.audio.talk),
      encoding: 'Wave',
      sampleRate: 16_000,
      languageCode: 'en-US',
      ...fields,
    });

  test('v1 answers a list of turns with numbered speakers', async () => {
    const { status, body } = await diarize('v1', { speakers: -1 });
    expect(status).toBe(200);
    expect(body.map(({ speakerId }: { speakerId: number }) => speakerId)).toEqual(expect.arrayContaining([1, 2, 3]));
    expect(body[0]).toMatchObject({ start: expect.any(Number), end: expect.any(Number), speaker_id: 'speaker1' });
  });

  test('v2 counts the voices; `speakers` is the older name of `speakerCount`, which wins', async () => {
    expect((await diarize('v2', {})).body.num_speakers).toBe(3);
    expect((await diarize('v2', { speakers: 2 })).body.num_speakers).toBe(2);
    expect((await diarize('v2', { speakers: 1, speakerCount: 2 })).body.num_speakers).toBe(2);
  });

  test('each channel may be one person, with the recording as the body of the request', async () => {
    const query = 'apikey=acme-key&separateSpeakerPerChannel=true';
    const response = await fetch(`${server.url}/audio/generic/api/v2/sync/diarize?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'audio/wav' },
      body: readFileSync(server.audio.talk),
    });
    expect(await answerOf(response)).toMatchObject({ status: 200, body: { num_speakers: 1 } });
  });

  test('a number of speakers that is none is a bad request', async () => {
    const { status, body } = await diarize('v2', { speakers: 1.5 });
    expect([status, body.fault.detail.code]).toEqual([400, 'INPUT_INVALID']);
  });
});
