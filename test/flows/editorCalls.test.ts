import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAuditLog } from '../../src/index.js';
import { type RtspServer, startRtspServer } from '../peers/rtspServer.js';
import { type SpokenAudio, spokenAudio } from '../support/spokenAudio.js';
import { type Flow, NodeRedProcess } from './nodeRedProcess.js';

/** What the editor's pages call: the same calls as other programs have, behind its log-in and permissions. */
/** bcrypt of "password", as in Node-RED's own documentation. */
const password = '$2a$08$zZWtXTja0fB1pzD4sHCMyOCMYz2Z6dNbM6tl8sJogENOMcxWV9DN.';
const users = ['read', '*'].map((permissions) => ({
  username: permissions === '*' ? 'olga' : 'reader',
  password,
  permissions,
}));

let red: NodeRedProcess;
let audio: SpokenAudio;
let camera: RtspServer;
let [reader, olga] = ['', ''];

beforeAll(async () => {
  audio = spokenAudio();
  [camera, red] = await Promise.all([
    startRtspServer({ audioFile: audio.as(audio.talk, 's16') }),
    NodeRedProcess.start({ settings: { adminAuth: { type: 'credentials', users } } }),
  ]);
  [reader, olga] = (await Promise.all(['reader', 'olga'].map(tokenOf))) as [string, string];
  const flow = [
    { id: 'tab', type: 'tab', label: 'test' },
    { id: 'store', type: 'speaker-store', version: 3 },
    { id: 'identify', type: 'identify-speakers', z: 'tab', store: 'store', output: 'live', wires: [[], [], []] },
  ] as unknown as Flow;
  const headers = {
    authorization: `Bearer ${olga}`,
    'content-type': 'application/json',
    'Node-RED-Deployment-Type': 'full',
  };
  await fetch(`${red.url}/flows`, { method: 'POST', headers, body: JSON.stringify(flow) });
  await red.line(/Started flows/);
});
afterAll(async () => {
  await red?.[Symbol.asyncDispose]();
  await camera?.peer[Symbol.asyncDispose]();
  audio?.[Symbol.dispose]();
});

async function tokenOf(username: string): Promise<string> {
  const wanted = { client_id: 'node-red-admin', grant_type: 'password', scope: '', username, password: 'password' };
  const answer = await fetch(`${red.url}/auth/token`, { method: 'POST', body: new URLSearchParams(wanted) });
  return ((await answer.json()) as { access_token: string }).access_token;
}

interface Asked {
  readonly token?: string;
  readonly body?: Buffer<ArrayBuffer> | string;
  readonly type?: string;
  readonly accept?: string;
}

const call = (method: string, path: string, { token, body, type, accept }: Asked = {}, store = 'store') =>
  fetch(`${red.url}/voice-prints/stores/${store}/v1/${path}`, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(type && { 'content-type': type }),
      ...(accept && { accept }),
    },
    ...(body !== undefined && { body }),
  });
const sound = (path: string) => ({ body: readFileSync(path) as Buffer<ArrayBuffer>, type: 'application/octet-stream' });

test('who is not signed in gets nothing; who may read changes nothing; names of headers of other programs open no door', async () => {
  const change = { body: '{"name":"X"}', type: 'application/json' };
  const statuses = async (token?: string) => {
    const asked = token === undefined ? {} : { token };
    const answers = [
      call('GET', 'speakers', asked),
      call('GET', 'sources', asked),
      call('PATCH', 'speakers/nobody', { ...asked, ...change }),
      call('POST', 'identify', { ...asked, ...sound(audio.little) }),
      call('DELETE', 'speakers/nobody', asked),
    ];
    return (await Promise.all(answers)).map(({ status }) => status);
  };
  expect(await statuses()).toEqual([401, 401, 401, 401, 401]);
  expect(await statuses(reader)).toEqual([200, 200, 401, 401, 401]);
  const forged = await fetch(`${red.url}/voice-prints/stores/store/v1/speakers`, {
    headers: { 'x-remote-user-id': 'somebody', 'x-api-key': 'a-key-of-nobody' },
  });
  expect(forged.status).toBe(401);
});

test('a person is enrolled, named, drawn and erased, and the audit log has the user of the editor', async () => {
  const token = olga;
  const enrolled = await call('POST', 'speakers/sally/samples?name=Sally&consentText=yes', {
    token,
    ...sound(audio.slt),
  });
  expect(await enrolled.json()).toMatchObject({ status: 'complete', name: 'Sally' });
  const talk = { token, ...sound(audio.talk) };
  const heard = (await (await call('POST', 'identify?falseAcceptPercent=5', talk)).json()) as { segments: object[] };
  expect(heard.segments).toContainEqual(expect.objectContaining({ name: 'Sally' }));
  const drawn = await call('POST', 'identify', { ...talk, accept: 'image/svg+xml' });
  expect(await drawn.text()).toMatch(/^<svg .*Sally/);
  expect((await call('DELETE', 'speakers/sally', { token })).status).toBe(204);
  const actors = [];
  for await (const entry of readAuditLog(join(red.userDir, 'voice-prints', 'store'))) actors.push(entry?.actor);
  expect(actors).toContain('user:editor-olga');
});

test('a page of another origin cannot send what a browser sends unasked; a store that is not deployed says so', async () => {
  const token = olga;
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    undefined,
  ]) {
    const answer = await call('POST', 'speakers/eve/samples', { token, body: 'x', ...(type && { type }) });
    expect(answer.status, type).toBe(415);
  }
  const crossing = await fetch(`${red.url}/voice-prints/stores/store/v1/speakers`, {
    headers: { authorization: `Bearer ${token}`, 'sec-fetch-site': 'cross-site' },
  });
  expect(crossing.status).toBe(403);
  const missing = await call('GET', 'speakers', { token }, 'none');
  expect([missing.status, await missing.json()]).toMatchObject([404, { code: 'STORE_NOT_DEPLOYED' }]);
});

/** What a test of a source reports, line by line. */
async function tested(settings: object, token = olga) {
  const answer = await fetch(`${red.url}/voice-prints/live/test`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ id: 'new', settings: { version: 2, ...settings } }),
  });
  if (!answer.ok) return [{ type: 'refused', status: answer.status }];
  return (await answer.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a camera is tested before it is deployed: what it sends, how loud it is, and an end by itself', async () => {
  const lines = await tested({ mode: 'rtsp', url: `rtsp://127.0.0.1:${camera.port}/l16`, urlType: 'str' });
  expect(lines).toContainEqual(expect.objectContaining({ type: 'state', status: 'open' }));
  expect(lines).toContainEqual({ type: 'found', encoding: 'L16', sampleRateHz: 16_000, isNarrowBand: false });
  const levels = lines.filter(({ type }) => type === 'level').map(({ levelDb }) => Number(levelDb));
  expect(levels.length).toBeGreaterThan(20);
  expect(Math.max(...levels)).toBeGreaterThan(-50);
  expect(lines.at(-1)).toMatchObject({ type: 'end', reconnects: 0, seconds: expect.closeTo(8, 0) });
});

test.each([
  {
    name: 'a file that is missing',
    settings: { mode: 'liveFile', file: '/no/such.wav', fileType: 'str' },
    code: 'FILE_NOT_FOUND',
  },
  {
    name: 'an address of a message',
    settings: { mode: 'http', url: 'payload', urlType: 'msg' },
    code: 'INPUT_INVALID',
  },
  { name: 'settings of nothing', settings: { mode: 'telepathy' }, code: 'CONFIG_INVALID' },
])('$name ends the test with a reason', async ({ settings, code }) => {
  expect(await tested(settings)).toContainEqual(expect.objectContaining({ type: 'state', status: 'ended', code }));
});

test('who may not deploy may not test either', async () => {
  expect(await tested({ mode: 'microphone' }, reader)).toEqual([{ type: 'refused', status: 401 }]);
});
