import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LiveItem } from '../../../src/core/live.js';
import type { SipCallEvent } from '../../../src/live.js';
import { Baresip } from '../../peers/sip/baresip.js';
import { laidOut, likenessOfPieces, type PlayedSpeech, playedSpeech } from '../../peers/sip/playedSpeech.js';
import { eventsOf, firstCall, openEndpoint } from '../../peers/sip/sipEndpoint.js';
import { until } from '../../support/until.js';

let folder: string;
let speech: PlayedSpeech;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sip-steering-'));
  speech = playedSpeech(folder, 8_000, 'Please open the northern gate, and tell the night shift about the new key.');
});
afterAll(() => rmSync(folder, { recursive: true }));

test('hold, resume and keys of a telephone that calls; it hangs up', async () => {
  await using endpoint = await openEndpoint();
  await using caller = await Baresip.start({ folder, user: 'holder', codec: 'PCMU', plays: speech.file });
  caller.command(`dial sip:any@127.0.0.1:${endpoint.calls.port}`);
  const call = await firstCall(endpoint.calls);
  const events: SipCallEvent[] = [];
  const telling = (async () => {
    for await (const event of call.events) events.push(event);
  })();
  const keys = () => events.flatMap((event) => (event.type === 'digit' ? event.digit : []));
  const states: string[] = [];
  const seen: LiveItem[] = [];
  const listening = (async () => {
    for await (const item of call.audio) {
      if (item.type === 'state') states.push(item.state.status);
      seen.push(item);
    }
  })();
  await until(() => states.includes('open'));
  for (const [index, key] of ['4', '2', '#'].entries()) {
    caller.command(`sndcode ${key}`);
    caller.command('sndcode'); // released
    await until(() => keys().length > index);
  }
  caller.command('hold');
  await until(() => states.includes('held'));
  caller.command('resume');
  await until(() => states.lastIndexOf('open') > states.indexOf('held'));
  const before = seen.length;
  await until(() => seen.slice(before).some(({ type }) => type === 'audio'));
  caller.command('hangup');
  await listening;
  await telling;
  const others = events.filter(({ type }) => type !== 'digit').map(({ type }) => type);
  expect(others).toEqual(['hold', 'resume', 'ended']);
  expect(keys()).toEqual(['4', '2', '#']);
  expect(events.at(-1)).toMatchObject({ end: 'remote' });
  expect(states).toEqual(['connecting', 'open', 'held', 'open', 'ended']);
  expect(endpoint.calls.callCount).toBe(0);
});

test('a call to a door station that answers by itself', async () => {
  await using endpoint = await openEndpoint();
  await using door = await Baresip.start({
    folder,
    user: 'door',
    codec: 'PCMU',
    plays: speech.file,
    account: ';answermode=auto',
  });
  const call = await endpoint.calls.call(`sip:door@127.0.0.1:${door.sipPort}`);
  expect(call).toMatchObject({ direction: 'outgoing', remote: { user: 'door', host: '127.0.0.1' } });
  const items: LiveItem[] = [];
  for await (const item of call.audio) {
    items.push(item);
    if (item.type === 'audio' && item.frame.startSample > 2.5 * 16_000) break;
  }
  expect(likenessOfPieces(speech.samples, laidOut(items))).toBeGreaterThan(0.97);
  await door.hears(/CALL_CLOSED/);
});

test('a stop ends every call on both sides', async () => {
  const endpoint = await openEndpoint();
  await using caller = await Baresip.start({ folder, user: 'stayer', codec: 'PCMU', plays: speech.file });
  caller.command(`dial sip:any@127.0.0.1:${endpoint.calls.port}`);
  const call = await firstCall(endpoint.calls);
  await endpoint.stop();
  await caller.hears(/CALL_CLOSED/);
  expect((await eventsOf(call)).at(-1)).toMatchObject({ type: 'ended', end: 'local' });
});
