import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SipState } from '../../../src/live.js';
import { answerTo, OFFER, RawSip } from '../../peers/sip/rawSip.js';
import { openEndpoint, type TestEndpoint } from '../../peers/sip/sipEndpoint.js';

/** What would have ended the process. */
const uncaught: unknown[] = [];
const note = (thrown: unknown) => uncaught.push(thrown);

let registrar: RawSip;
let endpoint: TestEndpoint;
beforeEach(async () => {
  uncaught.length = 0;
  process.on('uncaughtException', note).on('unhandledRejection', note);
  registrar = await RawSip.open(0);
  const account = { user: 'us', registrar: `127.0.0.1:${registrar.port}`, password: 'secret', expiresSeconds: 60 };
  endpoint = await openEndpoint({ account });
});
afterEach(async () => {
  await endpoint.stop();
  await registrar[Symbol.asyncDispose]();
  process.off('uncaughtException', note).off('unhandledRejection', note);
  expect(uncaught).toEqual([]);
});

const answer = (request: string, status: string, headers: readonly string[] = []) =>
  registrar.sendBytes(answerTo(request, status, { headers }), endpoint.calls.port);
const ownContact = (request: string) => /^Contact: (<[^>]+>)/m.exec(request)![1]!;

async function settledState(): Promise<SipState> {
  for await (const state of endpoint.calls.states) {
    if (state.status === 'registered' || state.status === 'failed') return state;
  }
  throw new Error('it never got there');
}

/** Until a refusal nobody acknowledges has come three times: a second and a half. */
async function timersRan(): Promise<void> {
  const request = { method: 'INVITE', branch: 'z9hG4bKclock', callId: 'clock', body: OFFER(40_000, '18') };
  registrar.sendBytes(
    [
      'INVITE sip:x@127.0.0.1 SIP/2.0',
      `Via: SIP/2.0/UDP 127.0.0.1:${registrar.port};branch=${request.branch}`,
      'From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: clock\r\nCSeq: 1 INVITE\r\nContact: <sip:a@b>\r\nMax-Forwards: 70',
      `Content-Type: application/sdp\r\nContent-Length: ${request.body.length}`,
      '',
      request.body,
    ].join('\r\n'),
    endpoint.calls.port,
  );
  for (let i = 0; i < 3; i += 1) await registrar.hears(/^SIP\/2.0 488/);
}

test.each([
  { name: 'names what it grants', headers: (own: string) => [`Contact: ${own};expires=60`] },
  { name: 'names nothing', headers: () => [] },
  { name: 'names others only', headers: () => ['Contact: <sip:other@10.0.0.1>;expires=0'] },
  { name: 'writes nonsense', headers: (own: string) => [`Contact: ${own};expires=soon`, 'Expires: -5'] },
  { name: 'grants more than a timer can wait', headers: (own: string) => [`Contact: ${own};expires=99999999999`] },
  { name: 'grants a second', headers: (own: string) => [`Contact: ${own};expires=1`] },
])('a registrar that $name: registered, and not asked all the time', async ({ headers }) => {
  const request = await registrar.hears(/^REGISTER /);
  answer(request, '200 OK', headers(ownContact(request)));
  expect(await settledState()).toEqual({ status: 'registered' });
  await timersRan();
  expect(registrar.count(/^REGISTER /)).toBe(0);
});

test.each([
  {
    name: 'grants nothing',
    status: '200 OK',
    headers: (own: string) => [`Contact: ${own};expires=0`],
    code: 'SIP_UNREACHABLE',
  },
  {
    name: 'sends elsewhere',
    status: '302 Moved',
    headers: () => ['Contact: <sip:x@127.0.0.1>'],
    code: 'SIP_UNREACHABLE',
  },
  { name: 'is broken', status: '500 Error', headers: () => ['Retry-After: x'], code: 'SIP_UNREACHABLE' },
  { name: 'knows nobody', status: '404 Not Found', headers: () => [], code: 'SIP_REGISTER_REFUSED' },
])('a registrar that $name: $code, tried again later', async ({ status, headers, code }) => {
  const request = await registrar.hears(/^REGISTER /);
  answer(request, status, headers(ownContact(request)));
  expect(await settledState()).toMatchObject({ status: 'failed', code, retryInMs: expect.any(Number) });
});

test('a registrar that always wants it longer is asked twice', async () => {
  for (const seconds of [120, 240]) {
    const request = await registrar.hears(/^REGISTER /);
    answer(request, '423 Interval Too Brief', [`Min-Expires: ${seconds}`]);
    if (seconds === 240) expect(request).toContain('expires=120');
  }
  expect(await settledState()).toMatchObject({ status: 'failed', code: 'SIP_REGISTER_REFUSED' });
  await timersRan();
  expect(registrar.count(/^REGISTER /)).toBe(0);
});

test('a challenge that never ends is answered once', async () => {
  const challenge = ['WWW-Authenticate: Digest realm="x", nonce="y", algorithm=MD5'];
  for (let i = 0; i < 2; i += 1) answer(await registrar.hears(/^REGISTER /), '401 Unauthorized', challenge);
  expect(await settledState()).toMatchObject({ status: 'failed', code: 'SIP_REGISTER_REFUSED' });
  expect(registrar.count(/^REGISTER /)).toBe(0);
});
