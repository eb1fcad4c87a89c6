import { read as readNow } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { openByteSource } from '../../src/audio/byteSource.js';
import { spool } from '../../src/audio/decoding/spool.js';
import { replayableSource } from '../../src/audio/replayableSource.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const { platform } = process;
const pretend = (name: NodeJS.Platform) => Object.defineProperty(process, 'platform', { value: name });
afterEach(() => pretend(platform));

const { signal } = new AbortController();
const CONTENT = 'a recording';

async function stored() {
  const path = join(await temporaryFolder(), 'Aufnahme für Zoë.wav');
  await writeFile(path, CONTENT);
  return path;
}

/** What a child reads that shares its position with the descriptor it was given. */
async function readAsChild(descriptor: number): Promise<string> {
  const { bytesRead, buffer } = await promisify(readNow)(descriptor, Buffer.alloc(64), 0, 64, null);
  return buffer.toString('utf8', 0, bytesRead);
}

test.each(['darwin', 'win32', 'freebsd'] as const)(
  'on %s every child reads a file from its beginning',
  async (name) => {
    pretend(name);
    await using file = await openByteSource({ kind: 'file', path: await stored() }, 1_000, signal);
    await using spooled = await spool(file, await temporaryFolder(), signal);
    for (const source of [file, file, spooled, spooled]) {
      await using own = await source.reopen!();
      expect(await readAsChild(own.fd)).toBe(CONTENT);
    }
  },
);

test('on Linux the one descriptor is enough, which a child opens anew', async () => {
  await using file = await openByteSource({ kind: 'file', path: await stored() }, 1_000, signal);
  expect(file.reopen).toBeUndefined();
});

test.each(['darwin', 'win32', 'linux'] as const)(
  'on %s a stream is replayed from a file that can be opened',
  async (name) => {
    pretend(name);
    const stream = (async function* () {
      yield Buffer.from(CONTENT);
    })();
    await using replayable = await replayableSource({ kind: 'stream', stream }, 1_000, signal);
    for (const _time of [1, 2]) {
      await using again = await openByteSource(replayable.source, 1_000, signal);
      await using own = await again.reopen?.();
      if (own) expect(await readAsChild(own.fd)).toBe(CONTENT);
      expect(Buffer.from(await again.readAt(0, 64)).toString()).toBe(CONTENT);
    }
  },
);
