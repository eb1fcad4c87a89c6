import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { LowdbRegistry } from '../../src/registry/lowdbRegistry.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { writeEarlierStore } from './earlierStore.js';
import { randomVoiceprint } from './randomVoiceprint.js';

type Writer = ChildProcessByStdio<null, Readable, null>;
const scriptOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const start = (script: string, ...args: string[]): Writer =>
  spawn(process.execPath, [scriptOf(script), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
const ended = (child: Writer) => new Promise<number | null>((resolve) => child.on('close', resolve));

beforeAll(() => {
  if (!existsSync(scriptOf('../../dist/src/registry/lowdbRegistry.js'))) throw new Error('run `npm run build` first');
});

/** A store large enough that a kill meets a write half done: 150 people with 10 samples each, some 1.6 MB. */
async function fill(folder: string, encryptionKey: string | undefined): Promise<void> {
  await using registry = await LowdbRegistry.open(folder, { encryptionKey });
  const people = Array.from({ length: 150 }, (_, i) => randomVoiceprint({ id: `person_${i}`, exemplars: 10 }));
  await registry.putAll('t', people, { replace: false });
}

/** Starts a writer, kills it `afterMs` after its nth acknowledged write, and returns the ids it acknowledged. */
async function killed(
  { folder, round, key }: { folder: string; round: number; key: string | undefined },
  writes: number,
  afterMs: number,
): Promise<string[]> {
  const child = start('killedWriter.mjs', folder, String(round), key ?? '');
  let said = '';
  let isDoomed = false;
  child.stdout.on('data', (piece: Buffer) => {
    said += piece.toString();
    if (isDoomed || said.split('\n').length < writes + 2) return;
    isDoomed = true;
    void sleep(afterMs).then(() => child.kill('SIGKILL'));
  });
  await ended(child);
  const lines = said.split('\n').slice(0, -1); // what follows the last newline was not said in full
  expect(lines[0]).toBe('ready');
  return lines.slice(1);
}

test.each([
  { name: 'plain', rounds: 18, key: undefined },
  { name: 'encrypted', rounds: 7, key: 'eight or more' },
])('kill -9 at any moment loses nothing acknowledged and leaves a readable store: $name', async ({ rounds, key }) => {
  const folder = await temporaryFolder();
  await fill(folder, key);
  const acknowledged: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    acknowledged.push(...(await killed({ folder, round, key }, round % 3, Math.random() * 80)));
    await using registry = await LowdbRegistry.open(folder, { encryptionKey: key });
    const there = new Set((await registry.list('t')).map(({ id }) => id));
    expect(acknowledged.filter((id) => !there.has(id))).toEqual([]);
    expect(there.size).toBeGreaterThanOrEqual(150);
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(rounds - 3); // the kills met writes, not starts
  await using registry = await LowdbRegistry.open(folder, { encryptionKey: key });
  await registry.delete('t', 'person_0');
  expect((await readdir(folder)).sort()).toEqual(['voiceprints', 'voiceprints.json']); // no lock and no half-written file outlives the next write
});

test.each([{ key: undefined }, { key: 'eight or more' }])(
  'moving an earlier store may be interrupted at any moment, and begun by two processes: $key',
  async ({ key }) => {
    const folder = await temporaryFolder();
    const all = Array.from({ length: 300 }, (_, i) => randomVoiceprint({ id: `p${1000 + i}`, exemplars: 6 }));
    await writeEarlierStore(folder, all, { encryptionKey: key });
    for (const parts of [1, 7, 20]) {
      const child = start('movingStore.mjs', folder, key ?? '');
      child.stdout.on('data', (piece: Buffer) => {
        if (piece.toString().split('\n').includes(String(parts))) child.kill('SIGKILL');
      });
      expect(await ended(child)).toBe(null);
    }
    const two = [start('movingStore.mjs', folder, key ?? ''), start('movingStore.mjs', folder, key ?? '')];
    expect(await Promise.all(two.map(ended))).toEqual([0, 0]);
    await using registry = await LowdbRegistry.open(folder, { encryptionKey: key });
    expect(await registry.list('t')).toEqual(all);
    expect((await readdir(folder)).sort()).toEqual(['voiceprints', 'voiceprints.json']);
  },
);

test.skipIf(process.platform === 'win32')(
  'on a full disk nothing is lost, and what is not stored is said',
  async () => {
    const folder = await temporaryFolder();
    await fill(folder, undefined);
    const limited = `ulimit -f 160 && exec "$0" "$@"`; // in units of 1,024 bytes
    const child = spawn('bash', ['-c', limited, process.execPath, scriptOf('fullDisk.mjs'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (piece: Buffer) => {
      said += piece.toString();
    });
    expect(await ended(child)).toBe(0);
    const { stored, there, failure } = JSON.parse(said);
    expect(failure).toEqual({ code: 'REGISTRY_UNAVAILABLE', systemCode: 'EFBIG' });
    expect(there).toEqual(stored);
    await using registry = await LowdbRegistry.open(folder);
    expect((await registry.list('t')).length).toBe(150 + stored.length);
    expect(await registry.delete('t', 'person_0')).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(['voiceprints', 'voiceprints.json']);
  },
);

test('two processes writing at the same time lose nothing', async () => {
  const folder = await temporaryFolder();
  await using registry = await LowdbRegistry.open(folder);
  await registry.update('t', 'anna', () => randomVoiceprint({ id: 'anna', speechMs: 0 }));
  const children = [start('addingWriter.mjs', folder, '40'), start('addingWriter.mjs', folder, '40')];
  const own = (async () => {
    for (let n = 0; n < 20; n += 1) {
      await registry.update('t', 'anna', (now) => now && { ...now, speechMs: now.speechMs + 1 });
    }
  })();
  expect(await Promise.all(children.map(ended))).toEqual([0, 0]);
  await own;
  expect((await registry.get('t', 'anna'))?.speechMs).toBe(100);
});

test('the lock of a dead process is taken over at once, the lock of a living one is waited for', async () => {
  const folder = await temporaryFolder();
  await using registry = await LowdbRegistry.open(folder, { lockWaitMs: 300 });
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  try {
    const owner = { pid: child.pid, host: hostname(), processStart: '', token: 'theirs' };
    await writeFile(join(folder, '.voiceprints.lock'), JSON.stringify(owner));
    const put = () => registry.update('t', 'anna', () => randomVoiceprint({ id: 'anna' }));
    await expect(put()).rejects.toMatchObject({ code: 'REGISTRY_LOCKED', details: { waitMs: 300 } });
    expect(await registry.list('t')).toEqual([]); // reading needs no lock
    const gone = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGKILL');
    await gone;
    expect((await put())?.id).toBe('anna');
  } finally {
    child.kill('SIGKILL');
  }
});

test('the guard of a process killed while taking over a lock is cleared away', async () => {
  const folder = await temporaryFolder();
  await using registry = await LowdbRegistry.open(folder, { lockWaitMs: 10_000 });
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await new Promise((resolve) => child.on('close', resolve));
  const dead = JSON.stringify({ pid: child.pid, host: hostname(), processStart: '1', token: 'theirs' });
  await writeFile(join(folder, '.voiceprints.lock.takeover'), dead);
  await registry.update('t', 'anna', () => randomVoiceprint({ id: 'anna' }));
  expect((await readdir(folder)).sort()).toEqual(['voiceprints', 'voiceprints.json']);
  await writeFile(join(folder, '.voiceprints.lock'), dead);
  await writeFile(join(folder, '.voiceprints.lock.takeover'), dead);
  await registry.update('t', 'ben', () => randomVoiceprint({ id: 'ben' }));
  expect((await readdir(folder)).sort()).toEqual(['voiceprints', 'voiceprints.json']);
});
