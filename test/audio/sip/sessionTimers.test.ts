import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SessionTimer } from '../../../src/audio/sip/calls/sessionTimer.js';
import type { SipCall } from '../../../src/live.js';
import { audioPortOf, RawRtp } from '../../peers/sip/rawRtp.js';
import { answerTo, OFFER, RawSip, toTagOf } from '../../peers/sip/rawSip.js';
import { eventsOf, firstCall, openEndpoint, type TestEndpoint } from '../../peers/sip/sipEndpoint.js';

let endpoint: TestEndpoint;
let raw: RawSip;
beforeEach(async () => {
  endpoint = await openEndpoint();
  raw = await RawSip.open(endpoint.calls.port);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await endpoint.stop();
  await raw[Symbol.asyncDispose]();
});

/** What is due in minutes is due at once. */
function inAHurry(): void {
  const { tryIn } = SessionTimer.prototype;
  vi.spyOn(SessionTimer.prototype, 'tryIn').mockImplementation(function (this: SessionTimer) {
    tryIn.call(this, 1);
  });
}

/** Intervals of minutes are over in the same number of milliseconds. */
function shortIntervals(): void {
  const { agree } = SessionTimer.prototype;
  vi.spyOn(SessionTimer.prototype, 'agree').mockImplementation(function (this: SessionTimer, interval) {
    agree.call(this, interval && { ...interval, seconds: interval.seconds / 1_000 });
  });
}

const INVITE = { method: 'INVITE', branch: 'z9hG4bKtimer', callId: 'timer-1' } as const;
const TIMER = ['Supported: timer', 'Allow: INVITE, ACK, BYE, CANCEL, UPDATE'];
const contact = () => [`Contact: <sip:door@127.0.0.1:${raw.port}>`];

/** A call to us. */
async function called(...headers: readonly string[]): Promise<{ call: SipCall; answer: string; toTag: string }> {
  raw.send({ ...INVITE, body: OFFER(40_000), headers });
  const answer = await raw.hears(/^SIP\/2.0 200/);
  const toTag = toTagOf(answer);
  raw.send({ ...INVITE, method: 'ACK', branch: 'z9hG4bKack', toTag });
  return { call: await firstCall(endpoint.calls), answer, toTag };
}

/** A call of ours, to a door that answers with these headers. */
async function calls(...headers: readonly string[]): Promise<SipCall> {
  const calling = endpoint.calls.call(`sip:door@127.0.0.1:${raw.port}`);
  const invite = await raw.hears(/^INVITE /);
  raw.sendBytes(answerTo(invite, '200 OK', { body: OFFER(40_000), headers: [...contact(), ...headers] }));
  const call = await calling;
  await raw.hears(/^ACK /);
  return call;
}

const reply = (request: string, status: string, headers: readonly string[] = [], body = '') =>
  raw.sendBytes(answerTo(request, status, { headers: [...contact(), ...headers], body }));

describe('calls to us', () => {
  test.each([
    { asked: ['Session-Expires: 1800'], supported: TIMER, says: 'Session-Expires: 1800;refresher=uac', requires: true },
    {
      asked: ['x: 300 ; refresher=uas'],
      supported: TIMER,
      says: 'Session-Expires: 300;refresher=uas',
      requires: false,
    },
    {
      asked: ['Session-Expires: 99999999'],
      supported: TIMER,
      says: 'Session-Expires: 86400;refresher=uac',
      requires: true,
    },
    { asked: ['Session-Expires: 120'], supported: [], says: 'Session-Expires: 120;refresher=uas', requires: false },
    { asked: ['Session-Expires: soon'], supported: TIMER, says: undefined, requires: false },
    { asked: [], supported: TIMER, says: undefined, requires: false },
  ])('$asked of a side with $supported: $says', async ({ asked, supported, says, requires }) => {
    const { answer } = await called(...asked, ...supported);
    expect(/^Session-Expires: .*/m.exec(answer)?.[0]).toBe(says);
    expect(/^Require: timer/m.test(answer)).toBe(requires);
    expect(answer).toMatch(/^Supported: .*timer/m);
  });

  test('an interval that is too short: 422 with what is taken, for the call and within it', async () => {
    raw.send({ ...INVITE, branch: 'z9hG4bKhasty', body: OFFER(40_000), headers: [...TIMER, 'Session-Expires: 30'] });
    expect(await raw.hears(/^SIP\/2.0 [2-6]/)).toMatch(/^SIP\/2.0 422 [\s\S]*\r\nMin-SE: 90\r\n/);
    const { toTag } = await called('Session-Expires: 90', ...TIMER);
    raw.send({
      ...INVITE,
      method: 'UPDATE',
      branch: 'z9hG4bKbrief',
      toTag,
      cseq: 2,
      headers: [...TIMER, 'Session-Expires: 9'],
    });
    expect(await raw.hears(/^SIP\/2.0 422[\s\S]*UPDATE/)).toContain('Min-SE: 90');
  });

  test.each(['UPDATE', 'INVITE'])('confirmed by %s of the other side: the interval goes on', async (method) => {
    const { toTag, call } = await called('Session-Expires: 90;refresher=uac', ...TIMER);
    const agreed = vi.spyOn(SessionTimer.prototype, 'agree');
    const body = method === 'INVITE' ? OFFER(40_000) : '';
    raw.send({
      ...INVITE,
      method,
      branch: 'z9hG4bKagain',
      toTag,
      cseq: 2,
      body,
      headers: [...TIMER, 'Session-Expires: 120;refresher=uac'],
    });
    const answer = await raw.hears(new RegExp(`^SIP/2.0 200[\\s\\S]*CSeq: 2 ${method}`));
    expect(answer).toContain('Session-Expires: 120;refresher=uac\r\n');
    expect(answer).toMatch(/^Require: timer/m);
    expect(agreed).toHaveBeenLastCalledWith({ seconds: 120, isOurs: false });
    await call.hangUp();
  });

  test('an UPDATE that moves the audio is followed; one that cannot be agreed to is refused, and the call goes on', async () => {
    await using rtp = await RawRtp.open();
    const { toTag, call, answer } = await called();
    const update = { ...INVITE, method: 'UPDATE', toTag };
    raw.send({ ...update, branch: 'z9hG4bKother', cseq: 2, body: OFFER(40_000, '18') });
    expect(await raw.hears(/^SIP\/2.0 [2-6]/)).toMatch(/^SIP\/2.0 488/);
    raw.send({ ...update, branch: 'z9hG4bKtext', cseq: 3, body: 'hello', headers: ['Content-Type: text/plain'] });
    expect(await raw.hears(/^SIP\/2.0 [2-6]/)).toMatch(/^SIP\/2.0 415/);
    raw.send({ ...update, branch: 'z9hG4bKmoved', cseq: 4, body: OFFER(rtp.port, '8') });
    expect(await raw.hears(/^SIP\/2.0 [2-6]/)).toMatch(/^SIP\/2.0 200[\s\S]*m=audio \d+ RTP\/AVP 8/);
    raw.send({ ...update, branch: 'z9hG4bKold', cseq: 2 });
    expect(await raw.hears(/^SIP\/2.0 [2-6]/)).toMatch(/^SIP\/2.0 500/);
    for (let i = 0; i < 30; i += 1) rtp.send(audioPortOf(answer), { payloadType: 8, payload: Buffer.alloc(160, 0x55) });
    for await (const item of call.audio) if (item.type === 'audio') break;
    expect(call.media.codec).toBe('PCMA');
  });

  test('an UPDATE of no call: 481', async () => {
    raw.send({ method: 'UPDATE', toTag: 'nobody', cseq: 2 });
    expect(await raw.hears(/^SIP\/2.0 [2-6]/)).toMatch(/^SIP\/2.0 481/);
  });

  test('not confirmed by the other side in time: the call is ended, with a code', async () => {
    shortIntervals();
    const { call } = await called('Session-Expires: 90;refresher=uac', ...TIMER);
    expect((await eventsOf(call)).at(-1)).toMatchObject({ end: 'failed', code: 'SIP_SESSION_EXPIRED' });
    await raw.hears(/^BYE /);
  });
});

describe('calls of ours', () => {
  test('ask for a timer, and take what the other side grants', async () => {
    const agreed = vi.spyOn(SessionTimer.prototype, 'agree');
    const calling = endpoint.calls.call(`sip:door@127.0.0.1:${raw.port}`);
    const invite = await raw.hears(/^INVITE /);
    expect(invite).toMatch(/^Session-Expires: 1800\r\n/m);
    expect(invite).toMatch(/^Min-SE: 90\r\n/m);
    expect(invite).toMatch(/^Supported: .*timer/m);
    expect(invite).toMatch(/^Allow: .*UPDATE/m);
    reply(invite, '200 OK', ['Require: timer', 'Session-Expires: 600;refresher=uas'], OFFER(40_000));
    await calling;
    expect(agreed).toHaveBeenLastCalledWith({ seconds: 600, isOurs: false });
  });

  test('a side that wants it longer (422) is asked again once', async () => {
    const calling = endpoint.calls.call(`sip:door@127.0.0.1:${raw.port}`).catch((error: unknown) => error);
    reply(await raw.hears(/^INVITE /), '422 Session Interval Too Small', ['Min-SE: 3600']);
    const second = await raw.hears(/^INVITE [\s\S]*Min-SE: 3600/);
    expect(second).toMatch(/^Session-Expires: 3600\r\n/m);
    reply(second, '422 Session Interval Too Small', ['Min-SE: 7200']);
    expect(await calling).toMatchObject({ code: 'SIP_CALL_REFUSED', details: { status: 422 } });
  });

  test.each([
    { allow: 'INVITE, ACK, BYE, UPDATE', method: 'UPDATE' },
    { allow: 'INVITE, ACK, BYE', method: 'INVITE' },
  ])('a side that allows $allow: confirmed with $method, again and again', async ({ allow, method }) => {
    inAHurry();
    const call = await calls('Session-Expires: 1800;refresher=uac', `Allow: ${allow}`);
    for (let i = 0; i < 3; i += 1) {
      const request = await raw.hears(new RegExp(`^${method} `));
      expect(request).toMatch(/^Session-Expires: 1800;refresher=uac\r\n/m);
      const body = method === 'INVITE' ? OFFER(40_000) : '';
      reply(request, '200 OK', ['Session-Expires: 1800;refresher=uac'], body);
      if (method === 'INVITE') await raw.hears(/^ACK /);
    }
    await call.hangUp();
    expect((await eventsOf(call)).at(-1)).toMatchObject({ end: 'local' });
  });

  test('a confirmation that is refused is tried again: by INVITE, longer, later', async () => {
    inAHurry();
    const call = await calls('Session-Expires: 1800;refresher=uac', 'Allow: UPDATE');
    reply(await raw.hears(/^UPDATE /), '405 Method Not Allowed');
    reply(await raw.hears(/^INVITE [\s\S]*Session-Expires: 1800/), '422 Session Interval Too Small', ['Min-SE: 2400']);
    reply(await raw.hears(/^INVITE [\s\S]*Session-Expires: 2400[\s\S]*Min-SE: 2400/), '491 Request Pending');
    reply(await raw.hears(/^INVITE [\s\S]*Session-Expires: 2400/), '500 Server Error');
    reply(await raw.hears(/^INVITE [\s\S]*Session-Expires: 2400/), '481 Call Does Not Exist');
    expect((await eventsOf(call)).at(-1)).toMatchObject({ end: 'failed', code: 'SIP_SESSION_EXPIRED' });
  });
});
