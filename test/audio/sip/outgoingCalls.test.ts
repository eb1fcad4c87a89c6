import { Timers } from 'sip.js/lib/core/timers.js';
import { InviteUserAgentClient } from 'sip.js/lib/core/user-agents/invite-user-agent-client.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SipCall, SipConfig } from '../../../src/live.js';
import { audioPortOf, RawRtp } from '../../peers/sip/rawRtp.js';
import { answerTo, OFFER, RawSip } from '../../peers/sip/rawSip.js';
import { eventsOf, openEndpoint, type TestEndpoint } from '../../peers/sip/sipEndpoint.js';
import { until } from '../../support/until.js';

let endpoint: TestEndpoint;
/** The called side. */
let raw: RawSip;
const open = async (config: Partial<SipConfig> = {}) => {
  endpoint = await openEndpoint(config);
  raw = await RawSip.open(endpoint.calls.port);
};
beforeEach(() => open());
afterEach(async () => {
  await endpoint.stop();
  await raw[Symbol.asyncDispose]();
});

const dial = () => endpoint.calls.call(`sip:door@127.0.0.1:${raw.port}`);
const contact = () => [`Contact: <sip:door@127.0.0.1:${raw.port}>`];

describe('a call that is refused says why', () => {
  test.each([
    { status: '486 Busy Here', code: 'SIP_BUSY' },
    { status: '600 Busy Everywhere', code: 'SIP_BUSY' },
    { status: '603 Decline', code: 'SIP_DECLINED' },
    { status: '404 Not Found', code: 'SIP_NOT_FOUND' },
    { status: '484 Address Incomplete', code: 'SIP_NOT_FOUND' },
    { status: '401 Unauthorized', code: 'SIP_UNAUTHORIZED' },
    { status: '403 Forbidden', code: 'SIP_UNAUTHORIZED' },
    { status: '407 Proxy Authentication Required', code: 'SIP_UNAUTHORIZED' },
    { status: '488 Not Acceptable Here', code: 'SIP_CODEC_MISMATCH' },
    { status: '503 Service Unavailable', code: 'SIP_UNREACHABLE' },
    { status: '480 Temporarily Unavailable', code: 'SIP_CALL_REFUSED' },
    { status: '302 Moved Temporarily', code: 'SIP_CALL_REFUSED' },
    { status: '500 Server Internal Error', code: 'SIP_CALL_REFUSED' },
  ])('$status: $code', async ({ status, code }) => {
    const refused = dial().catch((error: unknown) => error);
    const invite = await raw.hears(/^INVITE /);
    raw.sendBytes(answerTo(invite, '100 Trying'));
    raw.sendBytes(answerTo(invite, status));
    await raw.hears(/^ACK /);
    expect(await refused).toMatchObject({ code, details: { status: Number(status.slice(0, 3)) } });
    expect(endpoint.calls.callCount).toBe(0);
  });

  test('a wrong password', async () => {
    await endpoint.stop();
    await raw[Symbol.asyncDispose]();
    await open();
    const account = { user: 'us', registrar: `127.0.0.1:${raw.port}`, password: 'wrong', expiresSeconds: 60 };
    await endpoint.stop();
    endpoint = await openEndpoint({ account });
    const register = await raw.hears(/^REGISTER /);
    raw.sendBytes(answerTo(register, '404 Not Found'), endpoint.calls.port);
    const refused = endpoint.calls.call('100').catch((error: unknown) => error);
    const challenge = ['WWW-Authenticate: Digest realm="door", nonce="1", algorithm=MD5'];
    for (let i = 0; i < 2; i += 1) {
      const invite = await raw.hears(/^INVITE /);
      if (i === 1) expect(invite).toMatch(/^Authorization: Digest/m);
      raw.sendBytes(answerTo(invite, '401 Unauthorized', { headers: challenge }), endpoint.calls.port);
    }
    expect(await refused).toMatchObject({ code: 'SIP_UNAUTHORIZED', details: { status: 401 } });
  });

  test('a side that rings for ever is forgotten after the call is given up', async () => {
    const { TIMER_B } = Timers;
    Timers.TIMER_B = 200; // instead of 32 s
    const stopping = new AbortController();
    const refused = endpoint.calls
      .call(`sip:door@127.0.0.1:${raw.port}`, { signal: stopping.signal })
      .catch(() => 'stopped');
    raw.sendBytes(answerTo(await raw.hears(/^INVITE /), '180 Ringing', { headers: contact() }));
    const forgotten = vi.spyOn(InviteUserAgentClient.prototype, 'dispose');
    stopping.abort();
    expect(await refused).toBe('stopped');
    raw.sendBytes(answerTo(await raw.hears(/^CANCEL /), '200 OK'));
    await until(() => forgotten.mock.calls.length > 0);
    Timers.TIMER_B = TIMER_B;
    forgotten.mockRestore();
  });

  test('an answer with codecs that were not offered', async () => {
    const refused = dial().catch((error: unknown) => error);
    const invite = await raw.hears(/^INVITE /);
    raw.sendBytes(answerTo(invite, '200 OK', { body: OFFER(40_000, '18'), headers: contact() }));
    expect(await refused).toMatchObject({ code: 'SIP_CODEC_MISMATCH' });
    await raw.hears(/^BYE /);
  });
});

describe('audio of a call is received whatever the answer puts first', () => {
  const answers = [
    {
      name: 'G.711 first, Opus last',
      codecs: '0 8 96',
      maps: 'a=rtpmap:96 opus/48000/2',
      sent: 0,
      bytes: 160,
      codec: 'PCMU',
    },
    {
      name: 'A-law, although Opus comes first',
      codecs: '96 8',
      maps: 'a=rtpmap:96 opus/48000/2',
      sent: 8,
      bytes: 160,
      codec: 'PCMA',
    },
    {
      name: 'Opus by the number of our offer',
      codecs: '107 0',
      maps: 'a=rtpmap:107 opus/48000/2',
      sent: 96,
      bytes: 0,
      codec: 'opus',
    },
    {
      name: 'Opus by a number of their own',
      codecs: '107 0',
      maps: 'a=rtpmap:107 opus/48000/2',
      sent: 107,
      bytes: 0,
      codec: 'opus',
    },
    {
      name: 'G.722 after what is unknown here',
      codecs: '18 9',
      maps: 'a=rtpmap:18 G729/8000',
      sent: 9,
      bytes: 160,
      codec: 'G722',
    },
  ] as const;

  test.each(answers)('$name', async ({ codecs, maps, sent, bytes, codec }) => {
    await using rtp = await RawRtp.open();
    const calling = dial();
    const invite = await raw.hears(/^INVITE /);
    const body = `${OFFER(rtp.port, codecs)}${maps}\r\n`;
    raw.sendBytes(answerTo(invite, '200 OK', { body, headers: contact() }));
    const call = await calling;
    await raw.hears(/^ACK /);
    const payload = bytes ? Buffer.alloc(bytes, 0x55) : Buffer.from([0xf8, 0xff, 0xfe]);
    for (let i = 0; i < 20; i += 1) {
      rtp.send(audioPortOf(invite), { payloadType: sent, payload, ticks: codec === 'opus' ? 960 : 160 });
    }
    await firstAudio(call);
    expect(call.media).toMatchObject({ codec, packetsRefused: 0 });
  });

  test('a change of codec in the middle keeps the time line', async () => {
    await using rtp = await RawRtp.open();
    const calling = dial();
    const invite = await raw.hears(/^INVITE /);
    raw.sendBytes(answerTo(invite, '200 OK', { body: OFFER(rtp.port, '0 9'), headers: contact() }));
    const call = await calling;
    const to = audioPortOf(invite);
    const narrow = { payloadType: 0, payload: Buffer.alloc(160, 0x55) };
    const wide = { payloadType: 9, payload: Buffer.alloc(160, 0x55) };
    for (let i = 0; i < 25; i += 1) rtp.send(to, narrow);
    for (let i = 0; i < 25; i += 1) rtp.send(to, wide);
    let end = 0;
    let samples = 0;
    for await (const item of call.audio) {
      if (item.type !== 'audio') continue;
      expect(item.frame.startSample).toBeGreaterThanOrEqual(end);
      end = item.frame.startSample + item.frame.samples.length;
      samples += item.frame.samples.length;
      if (end >= 15_500) break;
    }
    expect(samples).toBeGreaterThan(15_000);
    expect(call.media.codec).toBe('G722');
  });
});

async function firstAudio(call: SipCall): Promise<void> {
  for await (const item of call.audio) if (item.type === 'audio') break;
  await eventsOf(call);
}
