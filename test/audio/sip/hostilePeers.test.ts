import { connect } from 'node:net';
import { Timers } from 'sip.js/lib/core/timers.js';
import { InviteServerTransaction } from 'sip.js/lib/core/transactions/invite-server-transaction.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CallAudio } from '../../../src/audio/sip/calls/callAudio.js';
import type { SipCall, SipConfig } from '../../../src/live.js';
import { audioPortOf, RawRtp } from '../../peers/sip/rawRtp.js';
import { OFFER, RawSip, toTagOf } from '../../peers/sip/rawSip.js';
import { eventsOf, firstCall, openEndpoint, type TestEndpoint } from '../../peers/sip/sipEndpoint.js';
import { until } from '../../support/until.js';

/** What would have ended the process. */
const uncaught: unknown[] = [];
const note = (thrown: unknown) => uncaught.push(thrown);
const { TIMER_L } = Timers;

let endpoint: TestEndpoint;
let raw: RawSip;
const open = async (config: Partial<SipConfig> = {}) => {
  endpoint = await openEndpoint(config);
  raw = await RawSip.open(endpoint.calls.port);
};
beforeEach(async () => {
  uncaught.length = 0;
  process.on('uncaughtException', note).on('unhandledRejection', note);
  await open();
});
afterEach(async () => {
  await endpoint.stop();
  await raw[Symbol.asyncDispose]();
  process.off('uncaughtException', note).off('unhandledRejection', note);
  vi.restoreAllMocks();
  Timers.TIMER_L = TIMER_L;
  expect(uncaught).toEqual([]);
});
const reopen = async (config: Partial<SipConfig>) => {
  await endpoint.stop();
  await raw[Symbol.asyncDispose]();
  await open(config);
};

const INVITE = { method: 'INVITE', branch: 'z9hG4bKcall', callId: 'call-1', body: OFFER(40_000) } as const;
const OPUS = (port: number) => `${OFFER(port, '96')}a=rtpmap:96 opus/48000/2\r\n`;
/** 20 ms of silence. */
const OPUS_SILENCE = Buffer.from([0xf8, 0xff, 0xfe]);

/** Calls, and acknowledges the answer. */
async function established(
  body: string,
): Promise<{ readonly call: SipCall; readonly port: number; readonly tag: string }> {
  raw.send({ ...INVITE, body });
  const answer = await raw.hears(/^SIP\/2.0 200/);
  raw.send({ ...INVITE, method: 'ACK', branch: 'z9hG4bKack', toTag: toTagOf(answer), body: '' });
  return { call: await firstCall(endpoint.calls), port: audioPortOf(answer), tag: toTagOf(answer) };
}

/** Until a refusal nobody acknowledges has come three times: what timers do within a second and a half has been done. */
async function timersRan(): Promise<void> {
  raw.send({ ...INVITE, branch: 'z9hG4bKclock', callId: 'clock', body: OFFER(40_000, '18') });
  for (let i = 0; i < 3; i += 1) await raw.hears(/^SIP\/2.0 488[\s\S]*Call-ID: clock/);
}

describe('descriptions that no telephone writes', () => {
  test.each([
    { name: 'a port that is none', body: OFFER(70_000) },
    { name: 'a number for an address', body: OFFER(40_000).replace('IP4 127.0.0.1\r\nt', 'IP4 12345\r\nt') },
    { name: 'no address at all', body: OFFER(40_000).replace('c=IN IP4 127.0.0.1\r\n', '') },
    { name: 'a number for the name of a codec', body: `${OFFER(40_000, '96')}a=rtpmap:96 729/8000\r\n` },
    { name: 'more lines than any has', body: `${OFFER(40_000)}${'a=x\r\n'.repeat(500)}` },
    { name: 'more media than any has', body: `${OFFER(40_000)}${'m=audio 9 RTP/AVP 0\r\n'.repeat(20)}` },
  ])('$name: 488', async ({ body }) => {
    raw.send({ ...INVITE, body });
    expect(await raw.hears(/^SIP\/2.0 [2-6]/)).toContain('SIP/2.0 488 ');
    expect(endpoint.calls.callCount).toBe(0);
  });

  test('a name for an address: its audio comes from where its signalling does', async () => {
    await using rtp = await RawRtp.open();
    const body = OFFER(rtp.port).replace('IP4 127.0.0.1\r\nt', 'IP4 telephone.invalid\r\nt');
    const { call, port } = await established(body);
    for (let i = 0; i < 20; i += 1) rtp.send(port, { payloadType: 0, payload: Buffer.alloc(160, 0xff) });
    for await (const item of call.audio) if (item.type === 'audio') break;
    expect(call.media.packetsReceived).toBeGreaterThan(0);
  });
});

describe('addresses that no datagram can be sent to', () => {
  const request = (head: readonly string[], body: string) =>
    ['INVITE sip:x@127.0.0.1 SIP/2.0', ...head, 'Max-Forwards: 70', 'Content-Type: application/sdp', '', body].join(
      '\r\n',
    );
  const from = ['From: <sip:raw@127.0.0.1>;tag=raw', 'To: <sip:x@127.0.0.1>', 'Call-ID: odd', 'CSeq: 1 INVITE'];

  test('as the contact of the caller: hanging up reaches no one, without other effects', async () => {
    const via = `Via: SIP/2.0/UDP 127.0.0.1:${raw.port};branch=z9hG4bKodd`;
    raw.sendBytes(request([via, ...from, 'Contact: <sip:raw@127.0.0.1:99999>'], OFFER(40_000)));
    const answer = await raw.hears(/^SIP\/2.0 200/);
    raw.send({ ...INVITE, callId: 'odd', method: 'ACK', branch: 'z9hG4bKack', toTag: toTagOf(answer), body: '' });
    const call = await firstCall(endpoint.calls);
    await call.hangUp();
    await timersRan();
    expect((await eventsOf(call)).at(-1)).toMatchObject({ type: 'ended', end: 'local' });
  });

  test('as the place where the answer goes', async () => {
    const via = 'Via: SIP/2.0/UDP 127.0.0.1:99999;branch=z9hG4bKodd';
    raw.sendBytes(request([via, ...from, 'Contact: <sip:raw@127.0.0.1>'], OFFER(40_000, '18')));
    await timersRan();
    expect(endpoint.calls.callCount).toBe(0);
  });

  test('a second word on where it sends from does not lead the answer elsewhere', async () => {
    await using other = await RawSip.open(endpoint.calls.port);
    const via = `Via: SIP/2.0/UDP 127.0.0.1:${raw.port};received=127.0.0.9;branch=z9hG4bKodd;rport;received=127.0.0.2;rport=${other.port}`;
    raw.sendBytes(request([via, ...from, 'Contact: <sip:raw@127.0.0.1>'], OFFER(40_000, '18')));
    await raw.hears(/^SIP\/2.0 488/);
    expect(other.received).toEqual([]);
  });
});

describe('calls in an order that no telephone keeps', () => {
  test('INVITE, 200, BYE without an ACK: over at once, and nothing is sent again', async () => {
    Timers.TIMER_L = 300; // instead of 32 s
    raw.send(INVITE);
    const answer = await raw.hears(/^SIP\/2.0 200/);
    const call = await firstCall(endpoint.calls);
    raw.send({ ...INVITE, method: 'BYE', branch: 'z9hG4bKbye', toTag: toTagOf(answer), cseq: 2, body: '' });
    await raw.hears(/^SIP\/2.0 200[\s\S]*CSeq: 2 BYE/);
    expect((await eventsOf(call)).at(-1)).toMatchObject({ type: 'ended', end: 'remote' });
    await timersRan();
    expect(raw.count(/^SIP\/2.0 200[\s\S]*CSeq: 1 INVITE/)).toBe(0);
  });

  test('an answer that is never acknowledged: the call is over', async () => {
    Timers.TIMER_L = 300;
    raw.send(INVITE);
    await raw.hears(/^SIP\/2.0 200/);
    const call = await firstCall(endpoint.calls);
    expect((await eventsOf(call)).at(-1)).toMatchObject({ type: 'ended' });
    await raw.hears(/^BYE /);
    expect(endpoint.calls.callCount).toBe(0);
  });

  test.each([
    { name: 'BYE, CANCEL, INVITE', methods: ['BYE', 'CANCEL', 'INVITE'] },
    { name: 'INVITE, BYE, ACK', methods: ['INVITE', 'BYE', 'ACK'] },
    { name: 'INFO, BYE, INFO, BYE', methods: ['INFO', 'BYE', 'INFO', 'BYE'] },
    {
      name: 'CANCEL, PRACK, NOTIFY, MESSAGE, SUBSCRIBE, UPDATE',
      methods: ['CANCEL', 'PRACK', 'NOTIFY', 'MESSAGE', 'SUBSCRIBE', 'UPDATE'],
    },
  ])('within a call: $name', async ({ methods }) => {
    Timers.TIMER_L = 300;
    raw.send(INVITE);
    const toTag = toTagOf(await raw.hears(/^SIP\/2.0 200/));
    for (const [i, method] of methods.entries()) {
      const body = method === 'INVITE' ? INVITE.body : '';
      raw.send({ ...INVITE, method, branch: `z9hG4bKodd${i}`, toTag, cseq: i + 2, body });
    }
    await timersRan();
    raw.send({ method: 'OPTIONS', callId: 'after' });
    await raw.hears(/^SIP\/2.0 200[\s\S]*Call-ID: after/);
  });
});

describe('packets that no telephone sends', () => {
  test('Opus of 20 kB, and Opus that breaks the rules: counted, and the call goes on', async () => {
    await using rtp = await RawRtp.open();
    const { call, port } = await established(OPUS(rtp.port));
    rtp.send(port, { payloadType: 96, payload: Buffer.alloc(20_000, 7), ticks: 960 });
    rtp.send(port, { payloadType: 96, payload: Buffer.from([0xff, 0x00]), ticks: 960 });
    for (let i = 0; i < 10; i += 1) rtp.send(port, { payloadType: 96, payload: OPUS_SILENCE, ticks: 960 });
    for await (const item of call.audio) if (item.type === 'audio') break;
    expect(call.media.packetsRefused).toBe(2);
    expect((await eventsOf(call)).at(-1)).toMatchObject({ end: 'local' });
  });

  test.each([
    { name: 'broken Opus', payloadType: 96, code: 'AUDIO_CORRUPT' },
    { name: 'a codec nobody agreed to', payloadType: 18, code: 'SIP_CODEC_MISMATCH' },
  ])('nothing but $name: the call ends with $code', async ({ payloadType, code }) => {
    await reopen({ noMediaMs: 500 });
    await using rtp = await RawRtp.open();
    const { call, port } = await established(OPUS(rtp.port));
    const sending = setInterval(() => rtp.send(port, { payloadType, payload: Buffer.from([0xff, 0x00]) }), 20);
    const events = await eventsOf(call);
    clearInterval(sending);
    expect(events.at(-1)).toMatchObject({ type: 'ended', end: 'noMedia', code });
  });

  test('a thousand keys within a second: no more are emitted than can be pressed', async () => {
    await using rtp = await RawRtp.open();
    const { call, port } = await established(`${OFFER(rtp.port, '0 101')}a=rtpmap:101 telephone-event/8000\r\n`);
    const payload = Buffer.from([5, 0x8a, 0, 160]);
    const startedMs = performance.now();
    for (let i = 0; i < 1_000; i += 1) {
      rtp.send(port, { payloadType: 101, payload });
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => call.media.packetsReceived > 100);
    await call.hangUp();
    const digits = (await eventsOf(call)).filter(({ type }) => type === 'digit');
    expect(digits.length).toBeGreaterThanOrEqual(32);
    const seconds = (performance.now() - startedMs) / 1_000;
    expect(digits.length).toBeLessThan(40 + 15 * seconds); // so many at once, and so many a second
  });

  test('an hour of audio within a second: what is more than time has passed is refused', async () => {
    await using rtp = await RawRtp.open();
    const { call, port } = await established(OFFER(rtp.port));
    const startedMs = performance.now();
    for (let i = 0; i < 900; i += 1) {
      rtp.send(port, { payloadType: 0, payload: Buffer.alloc(4_000, 0xff), ticks: 4_000 });
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => call.media.packetsRefused > 0);
    await call.hangUp();
    let seconds = 0;
    for await (const item of call.audio) if (item.type === 'audio') seconds += item.frame.samples.length / 16_000;
    expect(seconds).toBeLessThan(30 + (performance.now() - startedMs) / 1_000);
    expect(seconds).toBeGreaterThan(0);
  });
});

describe('a fault of our own ends that call with a code, and nothing else', () => {
  const boom = () => {
    throw new TypeError('what a peer wrote');
  };

  test.each([
    { name: 'in a packet', spy: () => vi.spyOn(CallAudio.prototype, 'receive').mockImplementation(boom) },
    { name: 'in the timer of a call', spy: () => vi.spyOn(CallAudio.prototype, 'tick').mockImplementation(boom) },
  ])('$name', async ({ spy }) => {
    await using rtp = await RawRtp.open();
    const { call, port } = await established(OFFER(rtp.port));
    const mocked = spy();
    rtp.send(port, { payloadType: 0, payload: Buffer.alloc(160, 0xff) });
    expect((await eventsOf(call)).at(-1)).toMatchObject({ type: 'ended', end: 'failed', code: 'INTERNAL' });
    mocked.mockRestore();
    await raw.hears(/^BYE /);
    raw.send({ ...INVITE, branch: 'z9hG4bKnext', callId: 'next' });
    await raw.hears(/^SIP\/2.0 200[\s\S]*Call-ID: next/);
  });

  test("in a timer of sip.js's", async () => {
    Timers.TIMER_L = 100;
    vi.spyOn(InviteServerTransaction.prototype as unknown as { timerL: () => void }, 'timerL').mockImplementation(boom);
    raw.send(INVITE);
    await raw.hears(/^SIP\/2.0 200/);
    const call = await firstCall(endpoint.calls);
    expect((await eventsOf(call)).at(-1)).toMatchObject({ type: 'ended', end: 'failed', code: 'INTERNAL' });
    expect(endpoint.calls.callCount).toBe(0);
  });

  test('in what sip.js makes of a message, over UDP and over TCP: the next message is answered', async () => {
    const broken =
      'OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n' +
      'Call-ID: 1\r\nCSeq: 1 INVITE\r\nContact: *\r\nContent-Length: 0\r\n\r\n';
    raw.sendBytes(broken);
    const socket = connect(endpoint.calls.port, '127.0.0.1');
    let heard = '';
    socket.on('data', (bytes) => {
      heard += bytes.toString('utf8');
    });
    socket.write(broken);
    socket.write(broken.replace('1 INVITE', '2 OPTIONS').replace('z9hG4bKx', 'z9hG4bKy').replace('Contact: *\r\n', ''));
    await until(() => heard.includes('CSeq: 2 OPTIONS'));
    raw.send({ method: 'OPTIONS', callId: 'after' });
    await raw.hears(/^SIP\/2.0 200[\s\S]*Call-ID: after/);
    socket.destroy();
  });
});
