import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SipConfig } from '../../../src/live.js';
import { OFFER, RawSip, toTagOf } from '../../peers/sip/rawSip.js';
import { eventsOf, firstCall, openEndpoint, type TestEndpoint } from '../../peers/sip/sipEndpoint.js';

let endpoint: TestEndpoint;
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
/** With other settings than the default ones. */
const reopen = async (config: Partial<SipConfig>) => {
  await endpoint.stop();
  await raw[Symbol.asyncDispose]();
  await open(config);
};

const INVITE = { method: 'INVITE', branch: 'z9hG4bKcall', callId: 'call-1', body: OFFER(40_000) } as const;
/** Of a refusal it has the branch of what was refused, of an answer one of its own. */
const ack = (answer: string, body = '') => {
  const branch = answer.startsWith('SIP/2.0 200') ? 'z9hG4bKack' : INVITE.branch;
  raw.send({ ...INVITE, method: 'ACK', branch, toTag: toTagOf(answer), body });
};

describe('requests', () => {
  test.each([
    { name: 'OPTIONS', request: { method: 'OPTIONS' }, status: 200 },
    { name: 'a method nobody knows', request: { method: 'DANCE' }, status: 405 },
    { name: 'REGISTER, which we are no registrar for', request: { method: 'REGISTER' }, status: 405 },
    { name: 'MESSAGE', request: { method: 'MESSAGE', body: 'hello' }, status: 405 },
    { name: 'BYE of no call', request: { method: 'BYE', toTag: 'none' }, status: 481 },
    { name: 'a call with codecs we do not know', request: { ...INVITE, body: OFFER(40_000, '3 18') }, status: 488 },
    {
      name: 'a call with pictures only',
      request: { ...INVITE, body: OFFER(40_000).replace('audio', 'video') },
      status: 488,
    },
    { name: 'a call with something else than a description', request: { ...INVITE, body: 'hello' }, status: 488 },
  ])('$name: $status', async ({ request, status }) => {
    raw.send(request);
    expect(await raw.hears(/^SIP\/2.0 [2-6]/)).toContain(`SIP/2.0 ${status} `);
    expect(endpoint.calls.callCount).toBe(0);
  });

  test('a caller who is not on the list: 403', async () => {
    await reopen({ answer: ['door', 'gate@127.0.0.1'] });
    for (const [from, status] of [
      ['burglar', 403],
      ['door', 200],
      ['gate', 200],
    ] as const) {
      raw.send({ ...INVITE, branch: `z9hG4bK${from}`, callId: from, from });
      expect(await raw.hears(new RegExp(`^SIP/2.0 [2-6].*Call-ID: ${from}`, 's'))).toContain(`SIP/2.0 ${status} `);
    }
  });

  test('one call more than there are lines: 486', async () => {
    await reopen({ maxCalls: 2 });
    for (const id of ['a', 'b', 'c']) raw.send({ ...INVITE, branch: `z9hG4bK${id}`, callId: id });
    await raw.hears(/^SIP\/2.0 486 /);
    await raw.hears(/^SIP\/2.0 200 /);
    await raw.hears(/^SIP\/2.0 200 /);
    expect(endpoint.calls.callCount).toBe(2);
  });

  test('encryption that is asked for but not offered: 488', async () => {
    await reopen({ srtp: 'required' });
    raw.send(INVITE);
    expect(await raw.hears(/^SIP\/2.0 [2-6]/)).toContain('SIP/2.0 488 ');
  });
});

describe('what UDP loses', () => {
  test('a refusal is repeated until it is acknowledged', async () => {
    raw.send({ ...INVITE, body: OFFER(40_000, '18') });
    const refusal = await raw.hears(/^SIP\/2.0 488/);
    expect(await raw.hears(/^SIP\/2.0 488/)).toBe(refusal);
    ack(refusal);
    // Another refusal is repeated meanwhile, on the same clock: three times, and the first one would have come again, too.
    raw.send({ ...INVITE, branch: 'z9hG4bKclock', callId: 'clock', body: OFFER(40_000, '18') });
    await raw.hears(/^SIP\/2.0 488[\s\S]*Call-ID: clock/);
    const before = raw.count(/^SIP\/2.0 488(?![\s\S]*Call-ID: clock)/);
    for (let i = 0; i < 3; i += 1) await raw.hears(/^SIP\/2.0 488[\s\S]*Call-ID: clock/);
    expect(raw.count(/^SIP\/2.0 488(?![\s\S]*Call-ID: clock)/)).toBe(before);
  });

  test('a request that comes again gets the same answer, and rings once', async () => {
    raw.send(INVITE);
    const answer = await raw.hears(/^SIP\/2.0 200/);
    raw.send(INVITE);
    expect(await raw.hears(/^SIP\/2.0 200/)).toBe(answer);
    expect(endpoint.calls.callCount).toBe(1);
    ack(answer);
    const bye = { ...INVITE, method: 'BYE', branch: 'z9hG4bKbye', toTag: toTagOf(answer), cseq: 2, body: '' };
    raw.send(bye);
    const ended = await raw.hears(/^SIP\/2.0 200[\s\S]*CSeq: 2 BYE/);
    raw.send(bye);
    expect(await raw.hears(/^SIP\/2.0 200[\s\S]*CSeq: 2 BYE/)).toBe(ended);
    expect(endpoint.calls.callCount).toBe(0);
  });

  test('an unacknowledged answer is repeated, and a stop still sends BYE', async () => {
    raw.send(INVITE);
    const answer = await raw.hears(/^SIP\/2.0 200/);
    expect(await raw.hears(/^SIP\/2.0 200/)).toBe(answer);
    const call = await firstCall(endpoint.calls);
    await endpoint.stop();
    await raw.hears(/^BYE /);
    expect((await eventsOf(call)).at(-1)).toMatchObject({ type: 'ended', end: 'local' });
  });

  test('an unanswered BYE does not delay the end', async () => {
    raw.send(INVITE);
    ack(await raw.hears(/^SIP\/2.0 200/));
    await firstCall(endpoint.calls);
    await endpoint.stop();
    // sip.js would wait until it has sent it eleven times, within 32 s (RFC 3261, timer F).
    expect(raw.count(/^BYE /)).toBeLessThan(8);
    await raw.hears(/^BYE /);
  });
});

test('a call of ours that is stopped while it rings: CANCEL, and ACK to the 487', async () => {
  const stopping = new AbortController();
  const calling = endpoint.calls.call(`sip:door@127.0.0.1:${raw.port}`, { signal: stopping.signal });
  const refused = expect(calling).rejects.toMatchObject({ code: 'ABORTED' });
  const invite = await raw.hears(/^INVITE /);
  const answered = (status: string, method: string, request: string) =>
    [
      `SIP/2.0 ${status}`,
      ...request.split('\r\n').filter((line) => /^(via|from|call-id)/i.test(line)),
      `To: <sip:door@127.0.0.1>;tag=door`,
      `CSeq: 1 ${method}`,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');
  raw.sendBytes(answered('180 Ringing', 'INVITE', invite));
  stopping.abort();
  const cancel = await raw.hears(/^CANCEL /);
  raw.sendBytes(answered('200 OK', 'CANCEL', cancel));
  raw.sendBytes(answered('487 Request Terminated', 'INVITE', invite));
  await raw.hears(/^ACK /);
  await refused;
  raw.sendBytes(answered('487 Request Terminated', 'INVITE', invite)); // our ACK was lost
  await raw.hears(/^ACK /);
  expect(endpoint.calls.callCount).toBe(0);
});

test('a caller who gives up before the answer: 487', async () => {
  // Without a description the answer takes two steps, so that there is time to give up.
  raw.send(INVITE);
  raw.send({ ...INVITE, method: 'CANCEL', body: '' });
  const last = await raw.hears(/^SIP\/2.0 (487|200)[\s\S]*CSeq: 1 (INVITE|CANCEL)/);
  expect(last).toMatch(/CSeq: 1/);
  expect(await raw.hears(/^SIP\/2.0 (487|200|481)/)).toBeTruthy();
});

test('a call whose audio never comes is ended with a code', async () => {
  await reopen({ noMediaMs: 300 });
  raw.send(INVITE);
  ack(await raw.hears(/^SIP\/2.0 200/));
  const call = await firstCall(endpoint.calls);
  await raw.hears(/^BYE /);
  expect((await eventsOf(call)).at(-1)).toMatchObject({ type: 'ended', end: 'noMedia', code: 'SIP_NO_MEDIA' });
});

test('a call over its longest time is ended', async () => {
  await reopen({ maxCallMs: 200 });
  raw.send(INVITE);
  ack(await raw.hears(/^SIP\/2.0 200/));
  const call = await firstCall(endpoint.calls);
  await raw.hears(/^BYE /);
  expect((await eventsOf(call)).at(-1)).toMatchObject({ type: 'ended', end: 'tooLong' });
});

test('SIP INFO carries keys; a call without a description gets our offer', async () => {
  raw.send({ ...INVITE, body: '' });
  const offer = await raw.hears(/^SIP\/2.0 200/);
  expect(offer).toMatch(/m=audio \d+ RTP\/AVP 96 9 0 8 101 102/);
  const toTag = toTagOf(offer);
  ack(offer, INVITE.body);
  const call = await firstCall(endpoint.calls);
  raw.send({
    ...INVITE,
    method: 'INFO',
    branch: 'z9hG4bKinfo',
    toTag,
    cseq: 2,
    body: '',
    headers: ['Content-Type: application/dtmf-relay'],
  });
  await raw.hears(/^SIP\/2.0 200[\s\S]*CSeq: 2 INFO/);
  raw.sendBytes(
    [
      `INFO sip:x@127.0.0.1 SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${raw.port};branch=z9hG4bKinfo2`,
      'From: <sip:raw@127.0.0.1>;tag=raw',
      `To: <sip:whoever@127.0.0.1>;tag=${toTag}`,
      'Call-ID: call-1',
      'CSeq: 3 INFO',
      'Max-Forwards: 70',
      'Content-Type: application/dtmf-relay',
      'Content-Length: 8',
      '',
      'Signal=7',
    ].join('\r\n'),
  );
  await raw.hears(/^SIP\/2.0 200[\s\S]*CSeq: 3 INFO/);
  await call.hangUp();
  expect((await eventsOf(call)).map((event) => (event.type === 'digit' ? event.digit : event.type))).toEqual([
    '7',
    'ended',
  ]);
  expect(call.media.codec).toBe('PCMU');
});

test('a call without an answer, without a target, and to an invalid address', async () => {
  await reopen({ ringMs: 300 });
  await expect(endpoint.calls.call(`sip:door@127.0.0.1:${raw.port}`)).rejects.toMatchObject({
    code: 'SIP_CALL_REFUSED',
  });
  await expect(endpoint.calls.call('sip:door@no-such-host.invalid')).rejects.toMatchObject({ code: 'SIP_UNREACHABLE' });
  await expect(endpoint.calls.call('sip:@@')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  expect(endpoint.calls.callCount).toBe(0);
});

test('a port that is taken: SIP_LISTEN_FAILED, and nothing stays open', async () => {
  await expect(openEndpoint({ listenPort: endpoint.calls.port })).rejects.toMatchObject({ code: 'SIP_LISTEN_FAILED' });
});

test('no datagram brings it down, and none of them stays', async () => {
  const pieces = [
    'INVITE',
    'SIP/2.0',
    ' 200 OK',
    '\r\n',
    'Via: SIP/2.0/UDP ',
    ';branch=',
    'z9',
    ':',
    '"',
    '<',
    '>',
    '\0',
    'Content-Length: 99999999',
    'CSeq: 1 ',
    'To: ',
    'From: ',
    'Call-ID: x',
    'm=audio 9 ',
    'é',
    '%',
    'sip:',
    ';tag=',
    ',',
  ];
  const valid = [
    'OPTIONS sip:x SIP/2.0',
    `Via: SIP/2.0/UDP 127.0.0.1:${raw.port};branch=z9hG4bK1`,
    'From: <sip:a@b>;tag=1',
    'To: <sip:c@d>',
    'Call-ID: 1',
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
  let state = 42;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
  for (let round = 0; round < 1_500; round += 1) {
    const kind = random(3);
    if (kind === 0) raw.sendBytes(randomBytes(random(600)));
    else if (kind === 1)
      raw.sendBytes(Array.from({ length: random(40) }, () => pieces[random(pieces.length)]).join(''));
    else {
      const at = random(valid.length);
      raw.sendBytes(valid.slice(0, at) + pieces[random(pieces.length)] + valid.slice(at + random(20)));
    }
    if (round % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  // What came in one burst may have been too much for the socket; a telephone would ask again, too.
  const isAnswered = () => raw.received.some((message) => /^SIP\/2.0 200 [\s\S]*Call-ID: after/.test(message));
  while (!isAnswered()) {
    raw.send({ method: 'OPTIONS', callId: 'after' });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(endpoint.calls.callCount).toBe(0);
});

test('SIP over TCP: messages cut anywhere, answered on their connection', async () => {
  const socket = connect(endpoint.calls.port, '127.0.0.1');
  let heard = '';
  socket.on('data', (bytes) => {
    heard += bytes.toString('utf8');
  });
  const text = [
    'OPTIONS sip:x@127.0.0.1 SIP/2.0',
    'Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKtcp',
    'From: <sip:a@b>;tag=1',
    'To: <sip:c@d>',
    'Call-ID: tcp',
    'CSeq: 1 OPTIONS',
    'Max-Forwards: 70',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
  // Each piece is on its way before the next is written; that the pieces stay apart is tested in transport.test.ts.
  await new Promise((resolve) => socket.write(`\r\n\r\n${text.slice(0, 50)}`, resolve));
  socket.write(text.slice(50) + text.replace('z9hG4bKtcp', 'z9hG4bKtcp2'));
  while ((heard.match(/SIP\/2.0 200 OK/g) ?? []).length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(heard).toContain('Call-ID: tcp');
  socket.destroy();
});
