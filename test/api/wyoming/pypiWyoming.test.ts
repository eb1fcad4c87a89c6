import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { serveWyoming } from '../../../src/api/wyoming/serveWyoming.js';
import { createEngine } from '../../../src/engine/createEngine.js';
import { spokenAudio } from '../../support/spokenAudio.js';

/** The real engine between a client and a speech-to-text service made with the PyPI package `wyoming`. */
const python = process.env.VOICE_PRINTS_WYOMING_PYTHON ?? 'python3';
const program = fileURLToPath(new URL('../../peers/wyomingPeers.py', import.meta.url));
const hasWyoming = spawnSync(python, ['-c', 'import wyoming']).status === 0;
if (!hasWyoming) {
  console.warn(
    'SKIPPED: the Wyoming server with real peers needs the Python package wyoming: python3 -m venv V && V/bin/pip install wyoming, then VOICE_PRINTS_WYOMING_PYTHON=V/bin/python',
  );
}

interface Said {
  readonly type: string;
  readonly data: Record<string, unknown>;
  readonly seconds: number;
}

test.skipIf(!hasWyoming)(
  'a client and a speech-to-text service of the PyPI package: enrolled, named, transcribed, deleted',
  { timeout: 300_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'voice-prints-wyoming-'));
    using _folder = { [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
    using audio = spokenAudio();
    const asr = spawn(python, [program, 'asr'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await using engine = await createEngine({ storeDirectory: folder });
    try {
      const [line] = await once(createInterface(asr.stdout), 'line');
      const { port } = JSON.parse(line);
      const server = await serveWyoming({ engine, port: 0, asr: { host: '127.0.0.1', port }, mayEnrol: true });
      const said = async (file: string, ...command: readonly string[]): Promise<Said[]> => {
        const { stdout } = await promisify(execFile)(python, [program, 'client', server.address, file, ...command]);
        return stdout
          .trim()
          .split('\n')
          .map((text) => JSON.parse(text));
      };
      const slt = audio.as(audio.slt, 's16');
      const [enrolled] = await said(slt, 'enroll', 'Ms. Slt');
      expect(enrolled).toMatchObject({ type: 'enrolled', data: { name: 'Ms. Slt', context: { status: 'complete' } } });
      const [info] = await said(slt, 'describe');
      expect(info!.data.asr).toMatchObject([{ name: 'parrot', models: [{ languages: ['en', 'de'] }] }]);

      // Two seconds of what slt says first, and of the visitor, as commands.
      const talk = readFileSync(audio.as(audio.talk, 's16'));
      const command = (name: string, startSeconds: number) => {
        const path = join(folder, name);
        writeFileSync(path, talk.subarray(startSeconds * 32_000, (startSeconds + 3) * 32_000));
        return path;
      };
      const own = command('own.s16', 0.3);
      const visitor = command('visitor.s16', audio.turns[1]!.end + 0.5);
      const heard = await said(own, 'transcribe');
      expect(heard.map(({ type }) => type)).toEqual(['user-event', 'transcript']);
      expect(heard[1]!.data).toMatchObject({
        text: '96000 bytes',
        language: 'en',
        context: { conversation: 7, speaker: 'Ms. Slt', speaker_decision: 'identified' },
      });
      expect((await said(own, 'identify')).at(-1)).toMatchObject({ type: 'identified', data: { name: 'Ms. Slt' } });
      expect((await said(visitor, 'identify')).at(-1)).toMatchObject({ type: 'not-identified' });
      expect((await said(own, 'delete', 'Ms. Slt'))[0]).toMatchObject({ type: 'deleted' });
      expect((await said(own, 'identify')).at(-1)).toMatchObject({ type: 'not-identified' });
      await server.close();
    } finally {
      asr.kill();
    }
  },
);
