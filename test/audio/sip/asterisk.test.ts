import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { SessionTimer } from '../../../src/audio/sip/calls/sessionTimer.js';
import type { LiveItem } from '../../../src/core/live.js';
import type { SipAccount, SipCall, SipConfig } from '../../../src/live.js';
import { TestAuthority } from '../../peers/certificates.js';
import { Asterisk, hasAsterisk } from '../../peers/sip/asterisk.js';
import { Baresip } from '../../peers/sip/baresip.js';
import { laidOut, likenessOfPieces, type PlayedSpeech, playedSpeech } from '../../peers/sip/playedSpeech.js';
import { eventsOf, firstCall, openEndpoint, type TestEndpoint } from '../../peers/sip/sipEndpoint.js';

const PASSWORD = 'a "long" password';
const LIKE = 0.9;

let folder: string;
let speech: PlayedSpeech;
/** A caller hangs up where its file ends. */
let talk: PlayedSpeech;
let authority: TestAuthority;
let asterisk: Asterisk;

beforeAll(async () => {
  if (!hasAsterisk) return;
  folder = mkdtempSync(join(tmpdir(), 'sip-asterisk-'));
  speech = playedSpeech(folder, 8_000, 'The gardener asks whether the tower has a second door, and where its key is.');
  mkdirSync(join(folder, 'talk'));
  talk = playedSpeech(join(folder, 'talk'), 8_000, 'The gardener has a lot to say, and nobody stops him. '.repeat(20));
  authority = new TestAuthority(folder);
  const played = speech.file.replace(/\.wav$/, '');
  asterisk = await Asterisk.start({
    folder,
    certificate: authority.sign('127.0.0.1'),
    password: PASSWORD,
    users: ['voice'],
    callers: ['alice'],
    endpoint: ['media_encryption=sdes', 'timers=yes', 'rewrite_contact=yes', 'moh_passthrough=yes'],
    dialPlan: [
      'exten => 700,1,Dial(PJSIP/voice)',
      'exten => 600,1,Answer()',
      `same => n,Playback(${played})`,
      'same => n,Hangup()',
      'exten => 610,1,Progress()',
      `same => n,Playback(${played},noanswer)`,
      'same => n,Answer()',
      'same => n,Wait(1)',
      'same => n,Hangup()',
      'exten => 620,1,Answer()',
      'same => n,Transfer(PJSIP/sip:elsewhere@127.0.0.1)',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Asterisk's
      'same => n,Verbose(0,transfer: ${TRANSFERSTATUS})',
      `same => n,Playback(${played})`,
      'same => n,Hangup()',
      'exten => 630,1,Busy()',
    ],
  });
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await asterisk?.[Symbol.asyncDispose]();
  if (folder) rmSync(folder, { recursive: true });
});

const account = (): SipAccount => ({
  user: 'voice',
  registrar: `127.0.0.1:${asterisk.tlsPort}`,
  password: PASSWORD,
  expiresSeconds: 120,
});

/** Registered over TLS. */
async function registered(config: Partial<SipConfig> = {}): Promise<TestEndpoint> {
  const tls = { trust: { authorities: authority.authorities }, isClientCertificateRequired: false };
  const endpoint = await openEndpoint({ account: account(), tls, srtp: 'required', ...config });
  for await (const state of endpoint.calls.states) {
    if (state.status === 'registered') return endpoint;
    if (state.status === 'failed') throw new Error(state.message);
  }
  throw new Error('it never registered');
}

/** Listens until `seconds` of stream time have been heard, or to the end. */
async function listen(call: SipCall, seconds: number): Promise<LiveItem[]> {
  const items: LiveItem[] = [];
  for await (const item of call.audio) {
    items.push(item);
    if (item.type === 'audio' && item.frame.startSample > seconds * 16_000) break;
  }
  return items;
}

/** A way to a port, all connections of which can be broken. */
class BreakingWay implements AsyncDisposable {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  connections = 0;

  private constructor(to: number) {
    this.#server = createServer((from) => {
      this.connections += 1;
      const onward = connect(to, '127.0.0.1');
      from.pipe(onward).pipe(from);
      for (const socket of [from, onward]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
      }
    });
  }

  static async open(to: number): Promise<BreakingWay> {
    const way = new BreakingWay(to);
    way.#server.listen(0, '127.0.0.1');
    await once(way.#server, 'listening');
    return way;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  break(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.break();
    this.#server.close();
  }
}

const alice = () =>
  Baresip.start({
    folder,
    user: 'alice',
    host: `127.0.0.1:${asterisk.udpPort}`,
    codec: 'PCMA',
    plays: talk.file,
  });

describe.skipIf(!hasAsterisk)('with Asterisk', () => {
  test('calls of ours over TLS: what it plays is heard, and its refusals have their codes', async () => {
    await using endpoint = await registered();
    const call = await endpoint.calls.call('600');
    const items = await listen(call, 2);
    expect(call.media).toMatchObject({ isEncrypted: true, packetsRefused: 0 });
    expect(likenessOfPieces(speech.samples, laidOut(items))).toBeGreaterThan(LIKE);
    await expect(endpoint.calls.call('630')).rejects.toMatchObject({ code: 'SIP_BUSY' });
    await expect(endpoint.calls.call('999')).rejects.toMatchObject({ code: 'SIP_NOT_FOUND' });
  });

  test('audio before the answer, where it is wanted', async () => {
    await using endpoint = await registered({ hearsEarly: true });
    const call = await endpoint.calls.call('610');
    const items: LiveItem[] = [];
    for await (const item of call.audio) items.push(item);
    expect(likenessOfPieces(speech.samples, laidOut(items))).toBeGreaterThan(LIKE);
    expect((await eventsOf(call)).map(({ type }) => type)).toEqual(['answered', 'ended']);
  });

  test('a transfer by REFER is declined; the call goes on', async () => {
    await using endpoint = await registered();
    const call = await endpoint.calls.call('620');
    await asterisk.says(/transfer: (?:FAILURE|UNSUPPORTED)/);
    const items = await listen(call, 1.5);
    expect(likenessOfPieces(speech.samples, laidOut(items))).toBeGreaterThan(LIKE);
  });

  test('calls are confirmed, again and again', async () => {
    const agreed = vi.spyOn(SessionTimer.prototype, 'agree');
    const { tryIn } = SessionTimer.prototype;
    vi.spyOn(SessionTimer.prototype, 'tryIn').mockImplementation(function (this: SessionTimer) {
      tryIn.call(this, 20); // what is due in a quarter of an hour
    });
    await using endpoint = await registered();
    const call = await endpoint.calls.call('600');
    for await (const item of call.audio) if (item.type === 'audio' && agreed.mock.calls.length > 4) break;
    for (const [interval] of agreed.mock.calls) expect(interval).toMatchObject({ seconds: 1_800 });
    expect((await eventsOf(call)).at(-1)).toMatchObject({ end: 'local' });
  });

  test('a registration is renewed after its connection broke, and calls come by the new one', async () => {
    await using way = await BreakingWay.open(asterisk.tlsPort);
    const through = { ...account(), registrar: `127.0.0.1:${way.port}` };
    const tls = { trust: { authorities: authority.authorities }, isClientCertificateRequired: false };
    await using endpoint = await openEndpoint({ account: through, tls, srtp: 'required' });
    let registrations = 0;
    for await (const { status } of endpoint.calls.states) {
      if (status !== 'registered') continue;
      registrations += 1;
      if (registrations === 2) break;
      way.break();
    }
    expect(way.connections).toBe(2);
    await using caller = await alice();
    caller.command(`dial sip:700@127.0.0.1:${asterisk.udpPort}`);
    const call = await firstCall(endpoint.calls);
    expect(call.remote.user).toBe('alice');
    await call.hangUp();
  });

  test('a call to us comes by the connection we made; hold, resume, and a transfer by the exchange are followed', async () => {
    await using endpoint = await registered();
    await using caller = await alice();
    caller.command(`dial sip:700@127.0.0.1:${asterisk.udpPort}`);
    const call = await firstCall(endpoint.calls);
    expect(call.remote.user).toBe('alice');
    expect(call.media.isEncrypted).toBe(true);
    const states: string[] = [];
    let heard = 0;
    let step = 0;
    for await (const item of call.audio) {
      if (item.type === 'state') states.push(item.state.status);
      if (item.type === 'audio') heard += item.frame.samples.length;
      if (step === 0 && heard > 16_000) {
        step = 1;
        caller.command('hold');
      }
      if (step === 1 && states.at(-1) === 'held') {
        step = 2;
        heard = 0;
        caller.command('resume');
      }
      if (step === 2 && states.at(-1) === 'open' && heard > 16_000) {
        step = 3;
        heard = 0;
        caller.command(`transfer sip:600@127.0.0.1:${asterisk.udpPort}`);
        await caller.hears(/CALL_CLOSED|TRANSFER/);
      }
      if (step === 3 && heard > 24_000) break;
    }
    expect(step).toBe(3);
    await call.hangUp();
  });
});
