import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LiveItem } from '../../../src/core/live.js';
import { CallsAudio, type SipAccount, type SipState } from '../../../src/live.js';
import { Baresip } from '../../peers/sip/baresip.js';
import { Kamailio } from '../../peers/sip/kamailio.js';
import { laidOut, likenessOfPieces, type PlayedSpeech, playedSpeech } from '../../peers/sip/playedSpeech.js';
import { firstCall, openEndpoint, SIP_CONFIG, type TestEndpoint } from '../../peers/sip/sipEndpoint.js';

const PASSWORD = 'of-the-exchange';
let folder: string;
let speech: PlayedSpeech;
let exchange: Kamailio;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sip-exchange-'));
  speech = playedSpeech(folder, 8_000, 'There is a train that leaves at six, and never tells anybody where it goes.');
  exchange = await Kamailio.start(folder, PASSWORD);
});
afterAll(async () => {
  await exchange[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const account = (more: Partial<SipAccount> = {}): SipAccount => ({
  user: 'listener',
  registrar: `127.0.0.1:${exchange.port}`,
  password: PASSWORD,
  expiresSeconds: 60,
  ...more,
});

async function stateOf({ calls }: TestEndpoint, statuses: readonly SipState['status'][]): Promise<SipState> {
  for await (const state of calls.states) if (statuses.includes(state.status)) return state;
  throw new Error('it never got there');
}

test('a registered endpoint is called through its exchange, calls through it, and is forgotten after a stop', async () => {
  await using endpoint = await openEndpoint({ account: account() });
  expect(await stateOf(endpoint, ['registered', 'failed'])).toEqual({ status: 'registered' });
  await using caller = await Baresip.start({
    folder,
    user: 'caller',
    host: `127.0.0.1:${exchange.port}`,
    codec: 'PCMA',
    plays: speech.file,
    account: `;auth_pass=${PASSWORD};answermode=auto`,
    registers: true,
  });
  caller.command(`dial sip:listener@127.0.0.1:${exchange.port}`);
  const call = await firstCall(endpoint.calls);
  const items: LiveItem[] = [];
  for await (const item of call.audio) {
    items.push(item);
    if (item.type === 'audio' && item.frame.startSample > 2.5 * 16_000) break;
  }
  expect(likenessOfPieces(speech.samples, laidOut(items))).toBeGreaterThan(0.97);
  await caller.hears(/CALL_CLOSED/);
  while (!(await exchange.knows('caller'))) await new Promise((resolve) => setTimeout(resolve, 100));
  const own = await endpoint.calls.call('caller');
  for await (const item of own.audio) if (item.type === 'audio') break;
  await endpoint.stop();
  while (await exchange.knows('listener')) await new Promise((resolve) => setTimeout(resolve, 100));
});

test('an exchange without that number, and a busy telephone behind it', async () => {
  await using endpoint = await openEndpoint({ account: account() });
  expect(await stateOf(endpoint, ['registered', 'failed'])).toEqual({ status: 'registered' });
  await expect(endpoint.calls.call('4711')).rejects.toMatchObject({ code: 'SIP_NOT_FOUND', details: { status: 404 } });
  await using callee = await Baresip.start({
    folder,
    user: 'busybody',
    host: `127.0.0.1:${exchange.port}`,
    codec: 'PCMA',
    plays: speech.file,
    account: `;auth_pass=${PASSWORD};answermode=manual`,
    registers: true,
  });
  while (!(await exchange.knows('busybody'))) await new Promise((resolve) => setTimeout(resolve, 100));
  const refused = endpoint.calls.call('busybody').catch((error: unknown) => error);
  await callee.hears(/CALL_INCOMING/);
  callee.command('hangup');
  expect(await refused).toMatchObject({ code: 'SIP_BUSY', details: { status: 486 } });
});

test.each([
  { name: 'a wrong password', more: { password: 'wrong' } },
  { name: 'a realm that is not ours, which gets no digest', more: { realm: 'elsewhere' } },
])('$name: SIP_REGISTER_REFUSED, and no word of the password', async ({ more }) => {
  await using endpoint = await openEndpoint({ account: account({ user: 'stranger', ...more }) });
  const state = await stateOf(endpoint, ['registered', 'failed']);
  expect(state).toMatchObject({ status: 'failed', code: 'SIP_REGISTER_REFUSED' });
  expect(JSON.stringify(state)).not.toMatch(/wrong|of-the-exchange|stranger/);
});

test('a stream of calls reports why no call can arrive', async () => {
  const stopping = new AbortController();
  const config = { ...SIP_CONFIG, account: account({ user: 'mistyped', password: 'wrong' }) };
  const told: string[] = [];
  for await (const item of new CallsAudio({ config, signal: stopping.signal })) {
    if (item.type !== 'state') continue;
    told.push(`${item.state.status} ${item.state.code ?? ''}`);
    if (item.state.status === 'retrying') stopping.abort();
  }
  expect(told).toEqual(['connecting ', 'retrying SIP_REGISTER_REFUSED', 'ended ']);
});
