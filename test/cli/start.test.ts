import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const start = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url));

test('npm start: recordings, voiceprints, named turns, an editor with the flow; Ctrl-C ends it', {
  timeout: 600_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'voice-prints-start-'));
  // A process group of its own, as a terminal gives one: Ctrl-C reaches everybody in it.
  const child = spawn(process.execPath, [start], {
    env: { ...process.env, VOICE_PRINTS_DEMO_DIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  try {
    let output = '';
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    const url = await new Promise<string>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
          const found = /open (http:\/\/127\.0\.0\.1:\d+)/.exec(output);
          if (found) resolve(found[1]!);
        });
      }
      void closed.then((code) => reject(new Error(`npm start ended with ${code}:\n${output}`)));
    });
    for (const name of ['Nora', 'Hugo', 'Angus']) {
      expect(output).toMatch(new RegExp(`enrolled ${name}: complete, [\\d.]+ s of speech`));
      expect(output).toMatch(new RegExp(`^\\d:\\d\\d\\.\\d–\\d:\\d\\d\\.\\d +${name} +\\d+ %$`, 'm'));
    }
    expect(output).toMatch(/^\d:\d\d\.\d–\d:\d\d\.\d +unknown-1$/m);
    expect(output).not.toContain('unknown-2');
    const flows = (await (await fetch(`${url}/flows`)).json()) as readonly { readonly type: string }[];
    expect(flows.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        'speaker-store',
        'audio-source',
        'identify-speakers',
        'enroll-speaker',
        'speaker-registry',
      ]),
    );
    expect((await (await fetch(url)).text()).toLowerCase()).toContain('node-red');
    expect(readFileSync(join(folder, 'node-red/node-red.log'), 'utf8')).toMatch(/\[debug:Who speaks\][\s\S]*Nora/);
    expect(existsSync(join(folder, 'conversation.svg'))).toBe(true);
    process.kill(-child.pid!, 'SIGINT');
    expect(await closed).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
  } finally {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});
