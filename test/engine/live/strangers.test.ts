import { mkdtempSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Strangers } from '../../../src/core/strangers.js';
import { createEngine } from '../../../src/engine/createEngine.js';
import type { Engine } from '../../../src/engine/engine.js';
import { speak, TEXTS } from '../../support/fliteVoices.js';
import { finalsOf, joined, samplesOf } from './liveAudio.js';
import { Stage, untilHeard } from './stage.js';

const root = mkdtempSync(join(tmpdir(), 'voice-prints-strangers-'));
afterAll(() => rm(root, { recursive: true, force: true }));

const stranger = () =>
  joined(...[1, 2].map((text) => samplesOf(speak('kal16', TEXTS[text]!, root, `kal16-${text}.wav`))));

const openEngine = (name: string, strangers?: Strangers): Promise<Engine> =>
  createEngine({ storeDirectory: join(root, name), workerThreads: 1, strangers });

/** A session in which a stranger has spoken, still running. */
async function session(engine: Engine, strangers?: Strangers) {
  const stage = new Stage();
  const watched = engine.watch({ audio: stage.items(), ...(strangers && { strangers }) });
  const events = watched.events();
  stage.say(stranger());
  const clusters = finalsOf(await untilHeard(events)).flatMap(({ cluster }) => cluster ?? []);
  return {
    watched,
    cluster: clusters.at(-1),
    end: async () => {
      stage.end();
      expect((await events.next()).done).toBe(true);
    },
  };
}

/** Whether any file of the store holds an embedding. */
async function holdsEmbeddings(name: string): Promise<boolean> {
  const entries = await readdir(join(root, name), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  expect(texts.some((text) => text.includes('voice-prints-unknown-voices'))).toBe(true); // the numbers
  return texts.some((text) => text.includes('"embedding"') || text.includes('"values"'));
}

test('by default a stranger is known while the session runs, and leaves nothing', async () => {
  const engine = await openEngine('session');
  expect(engine.strangers).toBe('session');
  const first = await session(engine);
  expect(first.cluster).toBe('unknown-1');
  expect(await engine.speakers().unknowns()).toMatchObject([{ unknownId: 'unknown-1', expiresAt: null }]);
  expect(await engine.speakers('other').unknowns()).toEqual([]);
  await first.end();
  expect(await engine.speakers().unknowns()).toEqual([]);
  // Whoever still holds the session gets nothing of it either.
  await expect(first.watched.enrollUnknown({ speakerId: 'cal' })).rejects.toMatchObject({ code: 'CLUSTER_NOT_FOUND' });

  const second = await session(engine);
  expect(second.cluster).toBe('unknown-2');
  expect(await engine.speakers().enrollUnknown({ speakerId: 'cal' })).toMatchObject({ status: 'complete' });
  await engine.speakers().delete('cal');
  await second.end();
  await engine[Symbol.asyncDispose]();
  expect(await holdsEmbeddings('session')).toBe(false);
});

test('with none a stranger cannot be listed or enrolled, not even while they speak', async () => {
  const engine = await openEngine('none', 'none');
  const running = await session(engine);
  expect(running.cluster).toBe('unknown-1');
  expect(await engine.speakers().unknowns()).toEqual([]);
  await expect(engine.speakers().enrollUnknown({ speakerId: 'cal' })).rejects.toMatchObject({
    code: 'CLUSTER_NOT_FOUND',
  });
  await expect(running.watched.enrollUnknown({ speakerId: 'cal' })).rejects.toMatchObject({
    code: 'CLUSTER_NOT_FOUND',
  });
  await running.end();
  await engine[Symbol.asyncDispose]();
  expect(await holdsEmbeddings('none')).toBe(false);
});

test('with days a stranger is recognised until then; a session may keep less; a stricter store erases', async () => {
  const engine = await openEngine('days', 'days=2');
  const first = await session(engine);
  await first.end();
  const [kept] = await engine.speakers().unknowns();
  expect(Date.parse(kept!.expiresAt!) - Date.parse(kept!.lastHeardAt)).toBe(2 * 86_400_000);
  const private_ = await session(engine, 'none');
  expect(private_.cluster).toBe('unknown-2');
  await private_.end();
  const again = await session(engine);
  expect(again.cluster).toBe('unknown-1');
  await again.end();
  await engine[Symbol.asyncDispose]();
  expect(await holdsEmbeddings('days')).toBe(true);

  // Who says nothing lists what another process keeps, and leaves it.
  const silent = await openEngine('days');
  expect(await silent.speakers().unknowns()).toHaveLength(1);
  await silent[Symbol.asyncDispose]();
  expect(await holdsEmbeddings('days')).toBe(true);

  const strict = await openEngine('days', 'session');
  expect(await strict.speakers().unknowns()).toEqual([]);
  await strict[Symbol.asyncDispose]();
  expect(await holdsEmbeddings('days')).toBe(false);
});

test.each(['', 'forever', 'days', 'days=-1', 'days=4000', 'days=x'])('refuses strangers: %j', async (text) => {
  const refused = openEngine('refused', text as Strangers);
  await expect(refused).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test.each([
  [0, 'session'],
  [7, 'days=7'],
])('unknownVoiceDays: %d is %s', async (unknownVoiceDays, strangers) => {
  await using engine = await createEngine({
    storeDirectory: join(root, `alias-${unknownVoiceDays}`),
    unknownVoiceDays,
  });
  expect(engine.strangers).toBe(strangers);
});
