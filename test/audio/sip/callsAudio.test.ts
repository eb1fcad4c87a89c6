import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../../scripts/setup/freePort.mjs';
import type { LiveItem } from '../../../src/core/live.js';
import { CallsAudio } from '../../../src/live.js';
import { parseSipLine } from '../../../src/sources/sipLine.js';
import { Baresip } from '../../peers/sip/baresip.js';
import { type PlayedSpeech, playedSpeech } from '../../peers/sip/playedSpeech.js';
import { SIP_CONFIG } from '../../peers/sip/sipEndpoint.js';

let folder: string;
let speech: PlayedSpeech;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sip-line-'));
  speech = playedSpeech(folder, 8_000, 'Two calls, one after the other.');
});
afterAll(() => rmSync(folder, { recursive: true }));

test('calls that come one after the other are one stream, whose time line goes on with the clock', async () => {
  const listenPort = await freePort();
  const stopping = new AbortController();
  await using caller = await Baresip.start({ folder, user: 'twice', codec: 'PCMU', plays: speech.file });
  const audio = new CallsAudio({ config: { ...SIP_CONFIG, listenPort }, signal: stopping.signal });
  const states: string[] = [];
  const frames: { startSample: number; end: number }[] = [];
  const dial = () => caller.command(`dial sip:any@127.0.0.1:${listenPort}`);
  let framesOfCall = 0;
  let calls = 0;
  for await (const item of audio as AsyncIterable<LiveItem>) {
    if (item.type === 'state') {
      states.push(item.state.status);
      if (item.state.status === 'connecting' && calls < 2) setTimeout(dial, 200); // the port is open by then, or is rung again
      if (item.state.status === 'connecting' && calls === 2) stopping.abort();
      framesOfCall = 0;
    }
    if (item.type !== 'audio') continue;
    frames.push({ startSample: item.frame.startSample, end: item.frame.startSample + item.frame.samples.length });
    framesOfCall += 1;
    if (framesOfCall !== 5) continue;
    calls += 1;
    caller.command('hangup');
  }
  expect(states).toEqual(['connecting', 'open', 'connecting', 'open', 'connecting', 'ended']);
  for (const [i, frame] of frames.entries())
    if (i > 0) expect(frame.startSample).toBeGreaterThanOrEqual(frames[i - 1]!.end);
  const gaps = frames.map(({ startSample }, i) => startSample - (frames[i - 1]?.end ?? 0));
  expect(Math.max(...gaps)).toBeGreaterThan(1_600); // the time between the calls
  expect(audio.isNarrowBand).toBe(true);
});

test('a call without an answer ends with a code instead of an error', async () => {
  const target = `sip:nobody@127.0.0.1:${await freePort()}`;
  const config = { ...SIP_CONFIG, ringMs: 300 };
  const items: LiveItem[] = [];
  for await (const item of new CallsAudio({ config, target, signal: new AbortController().signal })) items.push(item);
  expect(items.at(-1)).toMatchObject({ type: 'state', state: { status: 'ended', code: 'SIP_CALL_REFUSED' } });
});

describe('sip: on the command line', () => {
  const own = { certificate: 'PEM', key: 'PEM' };
  test.each([
    { text: 'sip:0.0.0.0:5070', config: { listenAddress: '0.0.0.0', listenPort: 5_070 } },
    { text: 'sip:127.0.0.1', config: { listenAddress: '127.0.0.1', listenPort: 5_060 } },
    { text: 'sip:101@pbx.local', config: { account: { user: '101', registrar: 'pbx.local', password: 'secret' } } },
    { text: 'sip:101@pbx.local;transport=tcp', config: { transport: 'tcp' } },
    { text: 'sips:0.0.0.0', config: { listenPort: 5_061, tls: { own, isClientCertificateRequired: false } } },
    { text: 'sips:101@pbx.local', config: { account: { registrar: 'pbx.local' }, tls: { own }, srtp: 'optional' } },
    {
      text: 'sips:call:door@pbx.local',
      target: 'sips:door@pbx.local',
      config: { tls: { own }, srtp: 'required' },
    },
    { text: 'SIP:call:door@10.0.0.5:5062', target: 'sip:door@10.0.0.5:5062', config: { listenPort: 0 } },
  ])('$text', ({ text, target, config }) => {
    const line = parseSipLine(text, { password: 'secret', ...(text.startsWith('sips') && { own }) });
    expect(line.target).toBe(target);
    expect(line.config).toMatchObject(config);
  });
  test.each(['sip:', 'sip:user:password@pbx', 'sip:0.0.0.0:99999', 'sip:call:', 'sip:somewhere', 'sips:0.0.0.0:5061'])(
    '%s is refused',
    (text) => {
      expect(() => parseSipLine(text, { password: '' })).toThrow(expect.objectContaining({ code: 'USAGE' }));
      expect(() => parseSipLine(text, { password: '' })).not.toThrow(/password@/);
    },
  );
  test('certificates are for lines over TLS', () => {
    const options = { password: '', trust: { fingerprint: 'ab' } };
    expect(() => parseSipLine('sip:101@pbx.local', options)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
