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

const CALLS = 20;
const TALK_MS = 2_000;

async function heardIn(call: SipCall): Promise<{ readonly call: SipCall; readonly items: readonly LiveItem[] }> {
  const items: LiveItem[] = [];
  for await (const item of call.audio) items.push(item);
  return { call, items };
}

test('twenty callers at once are each heard whole, and leave nothing behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sip-many-'));
  try {
    const speech = playedSpeech(folder, 8_000, 'Twenty people speak at the same time, and each of them is heard.');
    const mulaw = join(folder, 'speech.ulaw');
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', speech.file, '-f', 'mulaw', mulaw]);
    const scenario = join(folder, 'caller.xml');
    const text = readFileSync(new URL('../../peers/sip/caller.xml', import.meta.url), 'utf8');
    writeFileSync(scenario, text.replaceAll('MULAW_FILE', mulaw));
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
    const load = ['-d', String(TALK_MS), '-m', String(CALLS), '-l', String(CALLS), '-r', String(CALLS), '-skip_rlimit'];
    await using sipp = new ChildProgram('sipp', [...args, ...load, `127.0.0.1:${endpoint.calls.port}`], {
      cwd: folder,
    });
    const heard: ReturnType<typeof heardIn>[] = [];
    let mostAtOnce = 0;
    for await (const call of endpoint.calls) {
      heard.push(heardIn(call));
      mostAtOnce = Math.max(mostAtOnce, endpoint.calls.callCount);
      if (heard.length === CALLS) break;
    }
    const results = await Promise.all(heard);
    expect(await sipp.exited, sipp.output).toBe(0);
    expect(mostAtOnce).toBe(CALLS);
    for (const { call, items } of results) {
      expect(call.remote.user).toBe('many');
      // A busy machine may lose a packet; what came stands where it was said.
      expect(likeness(speech.samples, laidOut(items), { maxLag: 800 }).correlation).toBeGreaterThan(0.9);
    }
    expect(endpoint.calls.callCount).toBe(0);
    await endpoint.stop();
    while (openSockets() > socketsBefore) await new Promise((resolve) => setTimeout(resolve, 20));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const openSockets = (): number => process.getActiveResourcesInfo().filter((name) => /udp|tcpserver/i.test(name)).length;
