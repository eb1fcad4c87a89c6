import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../../scripts/setup/freePort.mjs';
import { CallsAudio, type SipCall, type SipConfig, type SipState } from '../../../src/live.js';
import { audioPortOf, type RawPacket, RawRtp } from '../../peers/sip/rawRtp.js';
import { answerTo, OFFER, RawSip, toTagOf } from '../../peers/sip/rawSip.js';
import { eventsOf, firstCall, openEndpoint, SIP_CONFIG, type TestEndpoint } from '../../peers/sip/sipEndpoint.js';
import { until } from '../../support/until.js';

let endpoint: TestEndpoint;
let raw: RawSip;
let rtp: RawRtp;
const open = async (config: Partial<SipConfig> = {}) => {
  endpoint = await openEndpoint(config);
  raw = await RawSip.open(endpoint.calls.port);
  rtp = await RawRtp.open();
};
const close = async () => {
  await endpoint.stop();
  await raw[Symbol.asyncDispose]();
  await rtp[Symbol.asyncDispose]();
};
beforeEach(() => open());
afterEach(close);

const INVITE = { method: 'INVITE', branch: 'z9hG4bKcall', callId: 'call-1' } as const;

/** A call as a telephone makes it, and what is heard of it. */
class Talk {
  readonly states: string[] = [];
  samples = 0;
  readonly #toTag: string;
  readonly #port: number;
  readonly call: SipCall;
  #cseq = 1;

  private constructor(call: SipCall, answer: string) {
    this.call = call;
    this.#toTag = toTagOf(answer);
    this.#port = audioPortOf(answer);
    void this.#listen();
  }

  static async begin(direction?: string): Promise<Talk> {
    raw.send({ ...INVITE, body: described(direction) });
    const answer = await raw.hears(/^SIP\/2.0 200/);
    raw.send({ ...INVITE, method: 'ACK', branch: 'z9hG4bKack', toTag: toTagOf(answer) });
    return new Talk(await firstCall(endpoint.calls), answer);
  }

  async #listen(): Promise<void> {
    for await (const item of this.call.audio) {
      if (item.type === 'state') this.states.push(item.state.status);
      if (item.type === 'audio') this.samples += item.frame.samples.length;
    }
  }

  /** Speaks until more of it has been heard. */
  async speaks(ms = 300): Promise<void> {
    const before = this.samples;
    while (this.samples < before + 16 * ms) {
      rtp.send(this.#port, { payloadType: 0, payload: Buffer.alloc(160, 0x55) });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  sends(packet: RawPacket): void {
    rtp.send(this.#port, packet);
  }

  /** @returns the answer */
  async asks(method: string, body = '', headers: readonly string[] = []): Promise<string> {
    this.#cseq += 1;
    const cseq = this.#cseq;
    raw.send({ ...INVITE, method, branch: `z9hG4bK${method}${cseq}`, toTag: this.#toTag, cseq, body, headers });
    const answer = await raw.hears(new RegExp(`^SIP/2.0 [2-6][\\s\\S]*CSeq: ${cseq} ${method}`));
    if (method !== 'INVITE') return answer;
    const branch = answer.startsWith('SIP/2.0 200') ? `z9hG4bKack${cseq}` : `z9hG4bK${method}${cseq}`;
    raw.send({ ...INVITE, method: 'ACK', branch, toTag: this.#toTag, cseq });
    return answer;
  }
}

const described = (direction?: string) => OFFER(rtp.port) + (direction ? `a=${direction}\r\n` : '');

describe('hold and session refreshes', () => {
  test('a refresh with sendonly, as those write it whom we answered recvonly: the audio goes on', async () => {
    const talk = await Talk.begin('sendrecv');
    await talk.speaks();
    expect(await talk.asks('INVITE', described('sendonly'))).toContain('a=recvonly');
    await talk.speaks();
    expect(await talk.asks('INVITE', described('sendonly'))).toContain('SIP/2.0 200');
    await talk.speaks();
    expect(talk.states).toEqual(['connecting', 'open']);
    await talk.asks('BYE');
    expect((await eventsOf(talk.call)).map(({ type }) => type)).toEqual(['ended']);
  });

  test.each([
    { name: 'sendonly, and silent', body: () => described('sendonly') },
    { name: 'inactive', body: () => described('inactive') },
    { name: 'to nowhere, and silent', body: () => OFFER(rtp.port).replace('IP4 127.0.0.1\r\nt', 'IP4 0.0.0.0\r\nt') },
  ])('on hold ($name), for longer than silence is borne, and back', async ({ body }) => {
    await close();
    await open({ noMediaMs: 2_500 });
    const talk = await Talk.begin();
    await talk.speaks();
    await talk.asks('INVITE', body());
    await until(() => talk.states.includes('held'));
    await talk.asks('INVITE', body()); // a refresh meanwhile
    const heldMs = performance.now();
    await until(() => performance.now() - heldMs > 3_000 || !talk.states.includes('held'));
    expect(talk.states).toEqual(['connecting', 'open', 'held']);
    await talk.asks('INVITE', described('sendrecv'));
    await talk.speaks();
    await talk.asks('BYE');
    expect(talk.states).toEqual(['connecting', 'open', 'held', 'open', 'ended']);
    expect((await eventsOf(talk.call)).map(({ type }) => type)).toEqual(['hold', 'resume', 'ended']);
  });

  test('who speaks again without a word has taken the call back', async () => {
    const talk = await Talk.begin();
    await talk.speaks();
    await talk.asks('INVITE', described('sendonly'));
    await until(() => talk.states.includes('held'));
    await talk.speaks();
    expect(talk.states).toEqual(['connecting', 'open', 'held', 'open']);
  });

  test('on hold by a side that is gone: the call ends', async () => {
    await close();
    await open({ noMediaMs: 300 });
    const talk = await Talk.begin();
    await talk.speaks();
    await talk.asks('INVITE', described('inactive'));
    for (const status of ['200 OK', '405 Method Not Allowed', '481 Call Does Not Exist']) {
      raw.sendBytes(answerTo(await raw.hears(/^OPTIONS /), status));
    }
    expect((await eventsOf(talk.call)).at(-1)).toMatchObject({ end: 'noMedia', code: 'SIP_NO_MEDIA' });
    await raw.hears(/^BYE /);
  });

  test('a change to codecs we do not know is refused, and the call goes on', async () => {
    const talk = await Talk.begin();
    await talk.speaks();
    expect(await talk.asks('INVITE', OFFER(rtp.port, '18'))).toContain('SIP/2.0 488');
    await talk.speaks();
  });
});

describe('silence after comfort noise', () => {
  /** Of one byte: the level (RFC 3389, 3). */
  const noise = (payloadType = 13) => ({ payloadType, payload: Buffer.of(70) });
  const quietCall = async () => {
    await close();
    await open({ noMediaMs: 300 });
    const talk = await Talk.begin();
    await talk.speaks();
    return talk;
  };

  test('the other side is asked whether it is there, as often as silence lasts, and may speak again', async () => {
    const talk = await quietCall();
    talk.sends(noise());
    for (let i = 0; i < 3; i += 1) raw.sendBytes(answerTo(await raw.hears(/^OPTIONS /), '200 OK'));
    await talk.speaks();
    expect(talk.states).toEqual(['connecting', 'open']);
    expect(talk.call.media.packetsLost).toBe(0); // time went on without packets
    // Silence without comfort noise is none that was announced.
    expect((await eventsOf(talk.call)).at(-1)).toMatchObject({ end: 'noMedia', code: 'SIP_NO_MEDIA' });
    await raw.hears(/^BYE /);
  });

  test('a side that does not know the call any more has gone', async () => {
    const talk = await quietCall();
    talk.sends(noise());
    raw.sendBytes(answerTo(await raw.hears(/^OPTIONS /), '481 Call Does Not Exist'));
    expect((await eventsOf(talk.call)).at(-1)).toMatchObject({ end: 'noMedia', code: 'SIP_NO_MEDIA' });
  });

  test('a payload type that was agreed for it counts as well', async () => {
    const talk = await quietCall();
    const body = described().replace('AVP 0', 'AVP 0 118').concat('a=rtpmap:118 CN/8000\r\n');
    expect(await talk.asks('INVITE', body)).toContain('SIP/2.0 200');
    await talk.speaks();
    talk.sends(noise(118));
    raw.sendBytes(answerTo(await raw.hears(/^OPTIONS /), '200 OK'));
    await talk.speaks();
    expect(talk.call.media.packetsLost).toBe(0);
    await talk.asks('BYE');
    expect((await eventsOf(talk.call)).at(-1)).toMatchObject({ end: 'remote' });
  });
});

describe('what a telephone that only listens does not do', () => {
  test.each([
    { method: 'REFER', headers: ['Refer-To: <sip:premium@127.0.0.1>'], answer: /^SIP\/2.0 603 Decline/ },
    {
      method: 'MESSAGE',
      headers: [],
      answer: /^SIP\/2.0 405[\s\S]*Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE\r\n/,
    },
    { method: 'NOTIFY', headers: ['Event: refer'], answer: /^SIP\/2.0 489/ },
    { method: 'PRACK', headers: ['RAck: 1 1 INVITE'], answer: /^SIP\/2.0 481/ },
  ])('$method within a call is declined, and the call goes on', async ({ method, headers, answer }) => {
    const talk = await Talk.begin();
    await talk.speaks();
    expect(await talk.asks(method, '', headers)).toMatch(answer);
    await talk.speaks();
    expect(endpoint.calls.callCount).toBe(1);
    expect(raw.count(/^INVITE /)).toBe(0);
  });

  test('a transfer out of the blue: 405', async () => {
    raw.send({ method: 'REFER', headers: ['Refer-To: <sip:premium@127.0.0.1>'] });
    expect(await raw.hears(/^SIP\/2.0 [2-6]/)).toMatch(/^SIP\/2.0 405/);
  });

  test.each([
    { require: 'siprec', answer: /^SIP\/2.0 420[\s\S]*\r\nUnsupported: siprec\r\n/ },
    { require: '100rel, timer , x-own', answer: /^SIP\/2.0 420[\s\S]*\r\nUnsupported: x-own\r\n/ },
    { require: '100rel', answer: /^SIP\/2.0 200/ },
  ])('Require: $require', async ({ require, answer }) => {
    raw.send({ ...INVITE, body: described(), headers: [`Require: ${require}`] });
    expect(await raw.hears(/^SIP\/2.0 [2-6]/)).toMatch(answer);
  });

  test('Require within a call: 420, and the call goes on', async () => {
    const talk = await Talk.begin();
    expect(await talk.asks('INVITE', described(), ['Require: precondition'])).toMatch(/^SIP\/2.0 420/);
    await talk.speaks();
  });
});

describe('bodies with several parts', () => {
  const PIDF = 'Content-Type: application/pidf+xml\r\n\r\n<presence/>';
  const mixed = (boundary: string, ...parts: readonly string[]) =>
    [...parts.map((part) => `--${boundary}\r\n${part}\r\n`), `--${boundary}--\r\n`].join('');
  const sdp = () => `Content-Type: application/sdp\r\nContent-Disposition: session\r\n\r\n${described()}`;
  const nested = () => `Content-Type: multipart/alternative; boundary=in\r\n\r\n${mixed('in', PIDF, sdp())}`;

  test.each([
    { name: 'the description first', type: 'multipart/mixed;boundary=b1', body: () => mixed('b1', sdp(), PIDF) },
    { name: 'the description last', type: 'Multipart/Mixed; boundary="b 1"', body: () => mixed('b 1', PIDF, sdp()) },
    { name: 'one within another', type: 'multipart/mixed; boundary=out', body: () => mixed('out', PIDF, nested()) },
    { name: 'one with a parameter', type: 'application/SDP; charset=utf-8', body: () => described() },
  ])('$name: 200', async ({ type, body }) => {
    raw.send({ ...INVITE, headers: [`Content-Type: ${type}`, 'MIME-Version: 1.0'], body: body() });
    const answer = await raw.hears(/^SIP\/2.0 [2-6]/);
    expect(answer).toMatch(/^SIP\/2.0 200[\s\S]*m=audio \d+ RTP\/AVP 0\r\n/);
  });

  test('none of them a description: 415 with what is accepted', async () => {
    raw.send({ ...INVITE, headers: ['Content-Type: multipart/mixed;boundary=b1'], body: mixed('b1', PIDF) });
    expect(await raw.hears(/^SIP\/2.0 [2-6]/)).toMatch(/^SIP\/2.0 415[\s\S]*\r\nAccept: application\/sdp\r\n/);
  });
});

describe('calls that are not answered are reported', () => {
  const refusedOf = async (): Promise<SipState> => {
    for await (const state of endpoint.calls.states) if (state.status === 'refused') return state;
    throw new Error('nothing was told');
  };

  test.each([
    { name: 'no common codec', config: {}, body: () => OFFER(rtp.port, '18'), code: 'SIP_CODEC_MISMATCH' },
    { name: 'not on the list', config: { answer: ['door'] }, body: () => described(), code: 'SIP_CALL_REFUSED' },
    { name: 'no line left', config: { maxCalls: 0 }, body: () => described(), code: 'SIP_BUSY' },
  ])('$name: $code', async ({ config, body, code }) => {
    await close();
    await open(config);
    raw.send({ ...INVITE, body: body() });
    await raw.hears(/^SIP\/2.0 4/);
    expect(await refusedOf()).toMatchObject({
      status: 'refused',
      code,
      calls: 1,
      remote: { user: 'raw', host: '127.0.0.1' },
    });
  });

  test('a stream of calls reports it, too, and continues', async () => {
    const listenPort = await freePort();
    const stopping = new AbortController();
    const told: string[] = [];
    await using caller = await RawSip.open(listenPort);
    for await (const item of new CallsAudio({ config: { ...SIP_CONFIG, listenPort }, signal: stopping.signal })) {
      if (item.type !== 'state') continue;
      told.push(`${item.state.status} ${item.state.code ?? ''}`);
      if (told.length === 1) ringUntilAnswered(caller);
      if (item.state.code) stopping.abort();
    }
    expect(told).toEqual(['connecting ', 'connecting SIP_CODEC_MISMATCH', 'ended ']);
  });

  /** The port is open soon after the stream has said that it begins. */
  function ringUntilAnswered(caller: RawSip): void {
    const ringing = setInterval(() => {
      if (caller.received.length > 0) clearInterval(ringing);
      else caller.send({ ...INVITE, body: OFFER(rtp.port, '18') });
    }, 20);
  }
});
