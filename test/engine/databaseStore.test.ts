import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { AuditEntry } from '../../src/core/audit.js';
import type { CalibrationParameters } from '../../src/core/calibration.js';
import { createEngine } from '../../src/engine/createEngine.js';
import { modelInStore } from '../../src/engine/models/modelInStore.js';
import { UNCALIBRATED } from '../../src/identity/calibration.js';
import { readAuditLog } from '../../src/registry/auditTrail.js';
import { dropStoredCalibration, storeCalibration } from '../../src/registry/calibrationStore.js';
import { PostgresRegistry } from '../../src/registry/postgres/postgresRegistry.js';
import { randomVoiceprint } from '../registry/randomVoiceprint.js';
import { EmptyDatabases } from '../support/emptyDatabase.js';
import { whyNoPostgres } from '../support/postgres.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

test('an engine without a database loads nothing of one', async () => {
  const script = `
    import { register } from 'node:module';
    const hooks = 'export async function load(url, context, next) { console.error("loaded " + url); return next(url, context); }';
    register('data:text/javascript,' + encodeURIComponent(hooks));
    const { createEngine } = await import(${JSON.stringify(pathToFileURL(join(process.cwd(), 'dist/src/index.js')).href)});
    const engine = await createEngine({ storeDirectory: ${JSON.stringify(await temporaryFolder())}, workerThreads: 1 });
    await engine.speakers().list();
    await engine.speakers().delete('nobody');
    await engine[Symbol.asyncDispose]();
  `;
  const { stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  const loaded = stderr.split('\n').filter((line) => line.startsWith('loaded '));
  expect(status).toBe(0);
  expect(loaded.some((line) => line.includes('registry/lowdbRegistry.js'))).toBe(true);
  expect(loaded.filter((line) => /postgres|src\/database|vendor\/pg|node_modules\/pg/.test(line))).toEqual([]);
});

describe.skipIf(whyNoPostgres)('an engine with a database', () => {
  const databases = new EmptyDatabases();
  afterAll(() => databases[Symbol.asyncDispose]());

  const placed = async () => ({ storeDirectory: await temporaryFolder(), databaseUrl: await databases.next() });

  test('keeps people and audit log there, and nothing of them in the folder', async () => {
    const place = await placed();
    await using engine = await createEngine({ ...place, workerThreads: 1 }, { actor: 'test' });
    await using registry = await PostgresRegistry.open(place.databaseUrl);
    const modelId = engine.model.id;
    await registry.putAll('local', [randomVoiceprint({ id: 'anna', tenantId: 'local', modelId })], { replace: false });
    expect((await engine.speakers().list()).map(({ speakerId }) => speakerId)).toEqual(['anna']);
    await engine.speakers().rename('anna', 'Anna B.');
    expect((await registry.get('local', 'anna'))?.name).toBe('Anna B.');
    expect(await engine.speakers().delete('anna')).toBe(true);
    const entries: (AuditEntry | undefined)[] = [];
    for await (const entry of readAuditLog(place, { speakerId: 'anna', tenantId: 'local' })) entries.push(entry);
    expect(entries).toMatchObject([
      { action: 'rename', outcome: 'done', actor: 'test' },
      { action: 'erase', outcome: 'done' },
    ]);
    const others: unknown[] = [];
    for await (const entry of readAuditLog(place, { tenantId: 'other' })) others.push(entry);
    expect(others).toEqual([]);
    const inFolder: unknown[] = [];
    for await (const entry of readAuditLog(place.storeDirectory)) inFolder.push(entry);
    expect(inFolder).toEqual([]);
  });

  test('says that the server is away', async () => {
    const url = 'postgres://somebody:secret@127.0.0.1:1/nothing';
    const opened = createEngine({ storeDirectory: await temporaryFolder(), databaseUrl: url });
    await expect(opened).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    await expect(opened).rejects.not.toThrow(/secret/);
  });

  test('uses a calibration that another process keeps, and the own one of the model again once it is removed', async () => {
    const place = await placed();
    await using engine = await createEngine({ ...place, workerThreads: 1 });
    const { model } = engine;
    const own = model.calibration;
    const before = engine.acceptScore();
    const kept: CalibrationParameters = {
      ...(own ?? UNCALIBRATED),
      gallerySize: 1,
      falseAcceptLlr: { '0.1': 9, '1': 8, '5': 7 },
      source: 'test',
    };
    await storeCalibration(place, model, kept);
    await expect.poll(() => engine.model.calibration).toEqual(kept);
    expect(engine.acceptScore()).not.toBe(before);
    expect((await modelInStore(place)).calibration).toEqual(kept);
    expect(await dropStoredCalibration(place, model)).toBe(true);
    expect(await dropStoredCalibration(place, model)).toBe(false);
    await expect.poll(() => engine.model.calibration).toEqual(own);
  });
});
