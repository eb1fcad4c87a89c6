import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LiveItem } from '../../../src/core/live.js';
import type { SipCall } from '../../../src/live.js';
import { Baresip, type BaresipOptions } from '../../peers/sip/baresip.js';
import { laidOut, likenessOfPieces, type PlayedSpeech, playedSpeech } from '../../peers/sip/playedSpeech.js';
import { eventsOf, firstCall, openEndpoint } from '../../peers/sip/sipEndpoint.js';

const SENTENCE = 'The lighthouse keeper counts the ships at breakfast, and reads their names out to his goat.';
const RATES = { PCMU: 8_000, PCMA: 8_000, G722: 16_000, opus: 48_000 } as const;

let folder: string;
const speech = new Map<number, PlayedSpeech>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sip-calls-'));
  for (const rateHz of new Set(Object.values(RATES))) speech.set(rateHz, playedSpeech(folder, rateHz, SENTENCE));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Codec = keyof typeof RATES;

const telephone = (user: string, codec: Codec, more: Partial<BaresipOptions> = {}): Promise<Baresip> =>
  Baresip.start({ folder, user, codec, plays: speech.get(RATES[codec])!.file, ...more });

/** Listens until `seconds` of stream time have been heard, or to the end. */
async function listen(call: SipCall, seconds: number): Promise<LiveItem[]> {
  const items: LiveItem[] = [];
  for await (const item of call.audio) {
    items.push(item);
    if (item.type === 'audio' && item.frame.startSample > seconds * 16_000) break;
  }
  return items;
}

test.each([
  { codec: 'PCMU', account: '', isEncrypted: false, atLeast: 0.97 },
  { codec: 'PCMA', account: ';transport=tcp', isEncrypted: false, atLeast: 0.97 },
  { codec: 'PCMA', account: ';mediaenc=srtp-mand', isEncrypted: true, atLeast: 0.97 },
  { codec: 'G722', account: '', isEncrypted: false, atLeast: 0.97 },
  { codec: 'opus', account: ';mediaenc=srtp', isEncrypted: true, atLeast: 0.9 },
] as const)(
  'a call with $codec $account arrives as it was played',
  async ({ codec, account, isEncrypted, atLeast }) => {
    await using endpoint = await openEndpoint();
    const { calls } = endpoint;
    const [transport = ''] = /;transport=tcp/.exec(account) ?? [];
    await using caller = await telephone(`alice-${codec}`, codec, { account, displayName: 'Alice Door' });
    caller.command(`dial sip:anybody@127.0.0.1:${calls.port}${transport}`);
    const call = await firstCall(calls);
    expect(call).toMatchObject({
      direction: 'incoming',
      remote: { user: `alice-${codec}`, host: '127.0.0.1', displayName: 'Alice Door' },
    });
    const items = await listen(call, 2);
    expect(call.media).toMatchObject({ codec, isEncrypted, packetsLost: 0, packetsRefused: 0 });
    const { samples } = speech.get(RATES[codec])!;
    expect(likenessOfPieces(samples, laidOut(items))).toBeGreaterThan(atLeast);
    await caller.hears(/CALL_CLOSED/); // leaving the loop hung up
    expect((await eventsOf(call)).at(-1)).toMatchObject({ type: 'ended', end: 'local' });
    expect(calls.callCount).toBe(0);
  },
);
