import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SipConfig, SipState, SipTls } from '../../../src/live.js';
import { selfSigned, TestAuthority, type TestCertificate } from '../../peers/certificates.js';
import { Baresip } from '../../peers/sip/baresip.js';
import { laidOut, likenessOfPieces, type PlayedSpeech, playedSpeech } from '../../peers/sip/playedSpeech.js';
import { answerTo } from '../../peers/sip/rawSip.js';
import { eventsOf, firstCall, openEndpoint } from '../../peers/sip/sipEndpoint.js';
import { until } from '../../support/until.js';

let folder: string;
let speech: PlayedSpeech;
let authority: TestAuthority;
let server: TestCertificate;
let client: TestCertificate;
let alone: TestCertificate;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sip-tls-'));
  speech = playedSpeech(folder, 8_000, 'Nobody on the way reads who calls whom, or hears what they say.');
  authority = new TestAuthority(folder);
  server = authority.sign('127.0.0.1', { password: 'open sesame' });
  client = authority.sign('telephone.example', { name: 'client' });
  alone = selfSigned(folder, 'somewhere.example');
});
afterAll(() => rmSync(folder, { recursive: true }));

const secure = (tls: Partial<SipTls> = {}): Partial<SipConfig> => ({
  tls: { isClientCertificateRequired: false, trust: { authorities: authority.authorities }, ...tls },
});

describe('between two endpoints of ours', () => {
  test.each([
    { name: 'an authority', called: () => secure({ own: server }), caller: () => secure() },
    {
      name: 'a fingerprint',
      called: () => secure({ own: alone }),
      caller: () => secure({ trust: { fingerprint: alone.fingerprint } }),
    },
    {
      name: 'certificates of both sides',
      called: () => secure({ own: server, isClientCertificateRequired: true }),
      caller: () => secure({ own: client }),
    },
  ])('$name: called, and hung up by the side that takes no connections', async ({ called, caller }) => {
    await using there = await openEndpoint({ ...called(), srtp: 'required' });
    await using here = await openEndpoint({ ...caller(), srtp: 'required' });
    const answered = firstCall(there.calls);
    const call = await here.calls.call(`sips:door@127.0.0.1:${there.calls.port}`);
    const incoming = await answered;
    expect(call.media.isEncrypted).toBe(true);
    await incoming.hangUp(); // over the connection of the caller
    expect((await eventsOf(call)).at(-1)).toMatchObject({ type: 'ended', end: 'remote' });
  });

  test.each([
    { name: 'an authority that is not known', called: () => secure({ own: alone }), caller: () => secure() },
    { name: 'another name', called: () => secure({ own: client }), caller: () => secure() },
    {
      name: 'another certificate than the fingerprint says',
      called: () => secure({ own: server }),
      caller: () => secure({ trust: { fingerprint: alone.fingerprint } }),
    },
    {
      name: 'no certificate of ours, which is asked for',
      called: () => secure({ own: server, isClientCertificateRequired: true }),
      caller: () => secure(),
    },
  ])('$name: SIP_TLS_FAILED, and no call', async ({ called, caller }) => {
    await using there = await openEndpoint(called());
    await using here = await openEndpoint(caller());
    const refused = here.calls.call(`sip:door@127.0.0.1:${there.calls.port}`);
    await expect(refused).rejects.toMatchObject({ code: 'SIP_TLS_FAILED' });
    expect(there.calls.callCount).toBe(0);
  });

  test('an address for TLS is never called without it', async () => {
    await using here = await openEndpoint();
    for (const target of ['sips:door@127.0.0.1:9', 'sip:door@127.0.0.1:9;transport=tls']) {
      await expect(here.calls.call(target)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    }
    const account = { user: 'us', registrar: 'sips:pbx.example', password: 'secret', expiresSeconds: 60 };
    await expect(openEndpoint({ account })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  test.each([
    { name: 'a key whose password is wrong', tls: () => ({ own: { ...server, passphrase: 'open barley' } }) },
    { name: 'a key of another certificate', tls: () => ({ own: { ...client, key: alone.key } }) },
    { name: 'authorities that are none', tls: () => ({ trust: { authorities: 'hello' } }) },
    { name: 'a fingerprint that is none', tls: () => ({ trust: { fingerprint: 'ab:cd' } }) },
  ])('$name: CONFIG_INVALID, without the password', async ({ tls }) => {
    const refused = await openEndpoint(secure(tls())).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(String(refused)).not.toContain('open');
  });

  test('one address has its share of connections, also of those that never agree on keys', async () => {
    await using there = await openEndpoint(secure({ own: server }));
    const raw = Array.from({ length: 60 }, () => connectTcp({ port: there.calls.port, host: '127.0.0.1' }));
    for (const socket of raw) socket.on('error', () => undefined).resume();
    await until(() => raw.filter(({ destroyed, readableEnded }) => destroyed || readableEnded).length >= 10);
    await using here = await openEndpoint({ ...secure(), listenAddress: '127.0.0.1' });
    for (const socket of raw) socket.destroy();
    const answered = firstCall(there.calls);
    let call = await here.calls.call(`sip:door@127.0.0.1:${there.calls.port}`).catch(() => undefined);
    while (!call) call = await here.calls.call(`sip:door@127.0.0.1:${there.calls.port}`).catch(() => undefined);
    await (await answered).hangUp();
  });
});

test('a registrar whose certificate is not trusted: failed, with what to do', async () => {
  await using there = await openEndpoint(secure({ own: alone }));
  const account = { user: 'us', registrar: `127.0.0.1:${there.calls.port}`, password: 'secret', expiresSeconds: 60 };
  await using here = await openEndpoint({ ...secure(), account });
  const states: SipState[] = [];
  for await (const state of here.calls.states) {
    states.push(state);
    if (state.status === 'failed') break;
  }
  expect(states.at(-1)).toMatchObject({ code: 'SIP_TLS_FAILED', message: expect.stringContaining('; give') });
});

test('a registration is renewed where its connection broke, over a new one', async () => {
  const sockets: TLSSocket[] = [];
  const requests: string[] = [];
  const registrar = createServer({ cert: server.certificate, key: server.key, passphrase: 'open sesame' }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.setEncoding('utf8').on('data', (request: string) => {
      if (!request.startsWith('REGISTER ')) return;
      requests.push(request);
      const [contact] = /^Contact: <[^>]+>/m.exec(request)!;
      socket.write(answerTo(request, '200 OK', { headers: [`${contact};expires=600`] }));
    });
  });
  registrar.listen(0, '127.0.0.1');
  await once(registrar, 'listening');
  const { port } = registrar.address() as AddressInfo;
  const account = { user: 'us', registrar: `127.0.0.1:${port}`, password: 'secret', expiresSeconds: 600 };
  await using here = await openEndpoint({ ...secure(), account });
  const states: string[] = [];
  for await (const { status } of here.calls.states) {
    states.push(status);
    if (status !== 'registered') continue;
    if (sockets.length === 3) break;
    sockets.at(-1)!.destroy(); // long before the registration is due
  }
  expect(states.join(' ')).toMatch(/^listening( registering registered){3}$/);
  const numbers = requests.map((request) => Number(/^CSeq: (\d+)/m.exec(request)![1]));
  expect(numbers).toEqual([1, 2, 3]);
  expect(new Set(requests.map((request) => /^Call-ID: .*/m.exec(request)![0])).size).toBe(1);
  registrar.close();
});

test('a telephone calls over TLS, with encrypted audio', async () => {
  await using endpoint = await openEndpoint({ ...secure({ own: server }), srtp: 'required' });
  const { calls } = endpoint;
  await using caller = await Baresip.start({
    folder,
    user: 'alice',
    codec: 'PCMA',
    plays: speech.file,
    account: ';transport=tls;mediaenc=srtp-mand',
    authorities: authority.file,
  });
  caller.command(`dial sip:anybody@127.0.0.1:${calls.port};transport=tls`);
  const call = await firstCall(calls);
  const items = [];
  for await (const item of call.audio) {
    items.push(item);
    if (item.type === 'audio' && item.frame.startSample > 32_000) break;
  }
  expect(call.media).toMatchObject({ codec: 'PCMA', isEncrypted: true, packetsRefused: 0 });
  expect(likenessOfPieces(speech.samples, laidOut(items))).toBeGreaterThan(0.95);
  await caller.hears(/CALL_CLOSED/);
});
