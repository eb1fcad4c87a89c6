import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LiveItem } from '../../../src/core/live.js';
import type { SipCall } from '../../../src/live.js';
import { ChildProgram } from '../../peers/sip/childProgram.js';
import { laidOut, likeness, playedSpeech } from '../../peers/sip/playedSpeech.js';
import { openEndpoint } from '../../peers/sip/sipEndpoint.js';
import { until } from '../../support/until.js';

const CALLS = 20;
/** Each is heard for this long at least, once all of them are there. */
const TALK_SAMPLES = 2 * 16_000;

/** A caller that goes on until the other side hangs up, however long it takes until all are answered. */
function untilHungUp(scenario: string): string {
  const [before] = scenario.split('  <pause/>');
  return `${before}  <recv request="BYE"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
`;
}

class HeardCall {
  readonly items: LiveItem[] = [];
  readonly ended: Promise<void>;
  readonly call: SipCall;

  constructor(call: SipCall) {
    this.call = call;
    this.ended = this.#hear();
  }

  get heardSamples(): number {
    return this.items.reduce((sum, item) => sum + (item.type === 'audio' ? item.frame.samples.length : 0), 0);
  }

  async #hear(): Promise<void> {
    for await (const item of this.call.audio) this.items.push(item);
  }
}

test('the audio of twenty callers at once arrives complete, and nothing is left behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sip-many-'));
  try {
    const speech = playedSpeech(folder, 8_000, 'Twenty people speak at the same time, and each of them is heard.');
    const mulaw = join(folder, 'speech.ulaw');
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', speech.file, '-f', 'mulaw', mulaw]);
    const scenario = join(folder, 'caller.xml');
    const text = readFileSync(new URL('../../peers/sip/caller.xml', import.meta.url), 'utf8');
    writeFileSync(scenario, untilHungUp(text).replaceAll('MULAW_FILE', mulaw));
    const socketsBefore = openSockets();
    const endpoint = await openEndpoint({ codecs: ['PCMU'], maxCalls: CALLS });
    const args = [
      '-sf',
      scenario,
      '-i',
      '127.0.0.1',
      '-mi',
      '127.0.0.1',
      '-key',
      'user',
      'many',
      '-s',
      'any',
      '-nostdin',
    ];
    const load = ['-m', String(CALLS), '-l', String(CALLS), '-r', String(CALLS), '-skip_rlimit'];
    await using sipp = new ChildProgram('sipp', [...args, ...load, `127.0.0.1:${endpoint.calls.port}`], {
      cwd: folder,
    });
    const heard: HeardCall[] = [];
    for await (const call of endpoint.calls) {
      heard.push(new HeardCall(call));
      if (heard.length === CALLS) break;
    }
    expect(endpoint.calls.callCount).toBe(CALLS); // all of them at once
    await until(() => heard.every(({ heardSamples }) => heardSamples >= TALK_SAMPLES));
    await Promise.all(heard.map(({ call }) => call.hangUp()));
    await Promise.all(heard.map(({ ended }) => ended));
    expect(await sipp.exited, sipp.output).toBe(0);
    for (const { call, items } of heard) {
      expect(call.remote.user).toBe('many');
      // What came stands where it was said; a packet that a busy machine lost is no fault of ours.
      const { correlation } = likeness(speech.samples, laidOut(items), { maxLag: 800, isGapLeftOut: true });
      expect(correlation).toBeGreaterThan(0.9);
    }
    expect(endpoint.calls.callCount).toBe(0);
    await endpoint.stop();
    await until(() => openSockets() <= socketsBefore);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const openSockets = (): number => process.getActiveResourcesInfo().filter((name) => /udp|tcpserver/i.test(name)).length;
