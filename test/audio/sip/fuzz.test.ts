import { createSocket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DESCRIPTION, Mutations, rightMessage } from '../../../scripts/soak/hostile/sipMutations.mjs';
import { CallAudio } from '../../../src/audio/sip/calls/callAudio.js';
import { digitOfInfo } from '../../../src/audio/sip/calls/keyPresses.js';
import { createPayloadDecoder } from '../../../src/audio/sip/codecs/payloadDecoder.js';
import { isRtcp, parseRtp } from '../../../src/audio/sip/rtp/rtpPacket.js';
import { SrtpReceiver } from '../../../src/audio/sip/rtp/srtpReceiver.js';
import {
  agreeOnAnswer,
  agreeOnOffer,
  readDescription,
  writeAnswer,
} from '../../../src/audio/sip/signalling/sessionDescription.js';
import { SIP_CODECS, type SipCodec } from '../../../src/live.js';
import { OFFER, RawSip, toTagOf } from '../../peers/sip/rawSip.js';
import { openEndpoint, SIP_CONFIG } from '../../peers/sip/sipEndpoint.js';

/** What would have ended the process. */
const uncaught: unknown[] = [];
const note = (thrown: unknown) => uncaught.push(thrown);
beforeEach(() => {
  uncaught.length = 0;
  process.on('uncaughtException', note).on('unhandledRejection', note);
});
afterEach(() => {
  process.off('uncaughtException', note).off('unhandledRejection', note);
  expect(uncaught).toEqual([]);
});

test('descriptions: none throws, and what is agreed on can be used', () => {
  const mutations = new Mutations(1);
  const key = { key: Buffer.alloc(16), salt: Buffer.alloc(14) };
  const local = { address: '127.0.0.1', port: 40_000, sessionId: 1, version: 1, key };
  let agreed = 0;
  for (let i = 0; i < 4_000; i += 1) {
    const remote = readDescription(mutations.text(DESCRIPTION));
    if (!remote) continue;
    const agreement = (i % 2 ? agreeOnOffer : agreeOnAnswer)(remote, SIP_CONFIG);
    if (!agreement) continue;
    agreed += 1;
    expect(remote.port).toSatisfy((port: number) => Number.isInteger(port) && port > 0 && port < 65_536);
    expect(remote.address ?? '1.1.1.1').toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(SIP_CODECS).toContain(agreement.formats[0].codec);
    expect(readDescription(writeAnswer(local, agreement))).toBeDefined();
  }
  expect(agreed).toBeGreaterThan(1_000);
});

test('the text of an INFO', () => {
  const mutations = new Mutations(2);
  for (let i = 0; i < 2_000; i += 1) {
    const digit = digitOfInfo(mutations.text('application/dtmf-relay'), mutations.text('Signal=5\r\nDuration=160\r\n'));
    expect(digit ?? '5').toMatch(/^[0-9*#A-D]$/);
  }
});

describe('packets', () => {
  test('RTP, RTCP, STUN, DTLS and noise: none throws; sound is finite, and in order', async () => {
    const mutations = new Mutations(3);
    const types: readonly [number, SipCodec][] = [
      [96, 'opus'],
      [9, 'G722'],
      [0, 'PCMU'],
      [8, 'PCMA'],
    ];
    const decoders = new Map(
      await Promise.all(types.map(async ([type, codec]) => [type, await createPayloadDecoder(codec)] as const)),
    );
    const digits: string[] = [];
    const onDigit = (digit: string) => void digits.push(digit);
    const audio = new CallAudio({ onDigit, onSound: () => undefined, onLeft: () => undefined });
    audio.agree({ decoders, keyPresses: [101], comfortNoise: [13] });
    let parsed = 0;
    for (let i = 0; i < 20_000; i += 1) {
      const bytes = mutations.rtp([96, 0, 8, 9, 101, 13, 18], i);
      const packet = isRtcp(bytes) ? undefined : parseRtp(bytes);
      if (packet) audio.receive(packet, i * 20);
      if (packet) parsed += 1;
      audio.tick(i * 20);
    }
    audio.end({ status: 'ended' });
    expect(parsed).toBeGreaterThan(5_000);
    expect(audio.packetsBroken).toBeGreaterThan(0);
    let end = 0;
    let frames = 0;
    for await (const item of audio) {
      if (item.type !== 'audio') continue;
      frames += 1;
      expect(item.frame.startSample).toBeGreaterThanOrEqual(end);
      end = item.frame.startSample + item.frame.samples.length;
      expect(item.frame.samples.every((sample) => Math.abs(sample) <= 1)).toBe(true);
    }
    expect(frames).toBeGreaterThan(100);
  });

  test('SRTP: nothing forged is opened', () => {
    const mutations = new Mutations(4);
    const receiver = new SrtpReceiver({ key: Buffer.alloc(16, 1), salt: Buffer.alloc(14, 2) });
    const opened = Array.from({ length: 5_000 }, (_, i) => receiver.open(mutations.rtp([0, 96], i))).filter(Boolean);
    expect(opened).toEqual([]);
  });
});

test.each([11, 12])('messages in and out of calls, seed %i: the endpoint goes on', async (seed) => {
  const mutations = new Mutations(seed);
  await using endpoint = await openEndpoint({ maxCalls: 20, noMediaMs: 2_000 });
  await using raw = await RawSip.open(endpoint.calls.port);
  const rtp = createSocket('udp4');
  const hangingUp = (async () => {
    for await (const call of endpoint.calls) void call.audio[Symbol.asyncIterator]().next();
  })();
  const methods = [
    'INVITE',
    'INVITE',
    'ACK',
    'BYE',
    'CANCEL',
    'INFO',
    'OPTIONS',
    'REGISTER',
    'REFER',
    'NOTIFY',
    'PRACK',
    'UPDATE',
  ];
  const calls: { readonly callId: string; readonly toTag: string; readonly audio: number }[] = [];
  for (let i = 0; i < 600; i += 1) {
    for (const answer of raw.received.splice(0)) {
      const audio = Number(/^m=audio (\d+)/m.exec(answer)?.[1]);
      if (audio) calls.push({ callId: /^Call-ID: (\S*)/m.exec(answer)?.[1] ?? '', toTag: toTagOf(answer), audio });
    }
    const method = mutations.pick(methods);
    const call = calls.length > 0 && mutations.random(2) === 0 ? mutations.pick(calls) : { callId: `c${i}` };
    const body = method === 'INVITE' ? mutations.text(DESCRIPTION) : '';
    const right = rightMessage(method, { port: raw.port, branch: i, cseq: i + 2, ...call, body });
    raw.sendBytes(mutations.random(3) === 0 ? right : mutations.text(right));
    for (const { audio } of calls.slice(-2)) rtp.send(mutations.rtp([96, 0, 8, 9, 101], i), audio, '127.0.0.1');
    // All that was sent is processed: more at once would be lost before anybody reads it.
    if (i % 10 === 0) await raw.asks({ method: 'OPTIONS', branch: `z9hG4bKpause${i}` });
  }
  expect(calls.length).toBeGreaterThan(10);
  const last = { method: 'INVITE', callId: 'last', branch: 'z9hG4bKlast', body: OFFER(40_000, '18') };
  expect(await raw.asks(last)).toMatch(/^SIP\/2.0 4/);
  rtp.close();
  await endpoint.stop();
  await hangingUp;
});
