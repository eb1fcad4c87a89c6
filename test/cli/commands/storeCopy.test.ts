import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { KeyRing } from '../../../src/api/access/keyRing.js';
import type { StorePlace } from '../../../src/core/storePlace.js';
import type { Voiceprint } from '../../../src/core/voiceprint.js';
import { UNCALIBRATED } from '../../../src/identity/calibration.js';
import { readAuditLog } from '../../../src/index.js';
import { AuditLog } from '../../../src/registry/auditLog.js';
import { storeCalibration, storedCalibration } from '../../../src/registry/calibrationStore.js';
import { LowdbRegistry } from '../../../src/registry/lowdbRegistry.js';
import { LowdbUnknownVoices } from '../../../src/registry/lowdbUnknownVoices.js';
import { PostgresRegistry } from '../../../src/registry/postgres/postgresRegistry.js';
import { storedUnknownVoices } from '../../../src/registry/unknownVoiceCopies.js';
import { randomUnknownVoice } from '../../registry/randomUnknownVoice.js';
import { randomVoiceprint } from '../../registry/randomVoiceprint.js';
import { EmptyDatabases } from '../../support/emptyDatabase.js';
import { whyNoPostgres } from '../../support/postgres.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { typed } from '../terminal.js';

const KEY = 'eight or more';
const audioId = (n: number) => n.toString(16).padStart(32, '0');
const MODEL = { id: 'model-1', sha256: 'a'.repeat(64) };
const CALIBRATION = { ...UNCALIBRATED, falseAcceptLlr: { '0.1': 3, '1': 2, '5': 1 }, source: 'test' };

describe.skipIf(whyNoPostgres)('store copy', () => {
  const databases = new EmptyDatabases();
  afterAll(() => databases[Symbol.asyncDispose]());

  const run = async (url: string, key: string | undefined, ...more: string[]) => {
    const env = { VOICE_PRINTS_DATABASE_URL: url, ...(key !== undefined && { VOICE_PRINTS_KEY: key }) };
    const { exitCode, stdout, stderr } = await typed(['store', 'copy', '--json', ...more], env);
    return { exitCode, stderr, answer: stdout === '' ? undefined : JSON.parse(stdout) };
  };

  /** A folder with 250 people of two tenants, three with kept speech, and one of everything else. */
  const filled = async (encryptionKey?: string) => {
    const folder = join(await temporaryFolder(), 'store');
    const person = (tenantId: string, n: number): Voiceprint => {
      const one = randomVoiceprint({ id: `p${n}`, tenantId, exemplars: 1 });
      if (n >= 3) return one;
      return { ...one, exemplars: one.exemplars.map((exemplar) => ({ ...exemplar, audioId: audioId(n) })) };
    };
    const people = Array.from({ length: 250 }, (_, n) => person(n < 130 ? 'local' : 'acme', n));
    await using registry = await LowdbRegistry.open(folder, { encryptionKey });
    for (const tenantId of ['local', 'acme'])
      await registry.putAll(
        tenantId,
        people.filter((one) => one.tenantId === tenantId),
        { replace: false },
      );
    for (const n of [0, 1, 2])
      await registry.keepSpeech('local', `p${n}`, audioId(n), { samples: Int16Array.of(n, 2, 3), stretches: [3] });
    const options = { encryptionKey, mostVoices: 9, nowMs: () => 0 };
    await using unknown = await LowdbUnknownVoices.open(folder, options);
    await unknown.newId('acme');
    await unknown.put('acme', randomUnknownVoice({ id: await unknown.newId('acme'), expiresAtMs: 9e12 }));
    const entry = { time: '2026-06-01T12:00:00.000Z', tenantId: 'acme', actor: 'test', speakerId: 'p1' } as const;
    await new AuditLog(folder).append([
      { ...entry, action: 'enrol', outcome: 'complete' },
      { ...entry, action: 'enrol', outcome: 'complete' },
      { ...entry, action: 'rename', outcome: 'done' },
    ]);
    await storeCalibration({ storeDirectory: folder }, MODEL, CALIBRATION);
    await using ring = await KeyRing.open({ storeDirectory: folder });
    await ring.create({ tenantId: 'acme', scopes: ['identify'] });
    await ring.limit('acme', { callsPerMinute: 7 });
    return { folder, people };
  };

  const contents = async (place: StorePlace, encryptionKey: string | undefined) => {
    await using registry =
      place.databaseUrl === undefined
        ? await LowdbRegistry.open(place.storeDirectory, { encryptionKey })
        : await PostgresRegistry.open(place.databaseUrl, { encryptionKey });
    const speech = await Promise.all([0, 1, 2].map((n) => registry.speech('local', audioId(n))));
    const audit: string[] = [];
    for await (const entry of readAuditLog(place))
      audit.push(`${entry?.action} ${entry?.tenantId} ${entry?.speakerId}`);
    await using ring = await KeyRing.open(place);
    const { voices, lastNumbers } = await storedUnknownVoices(place, encryptionKey);
    return {
      people: [...(await registry.list('acme')), ...(await registry.list('local'))],
      speech,
      audit: audit.sort(),
      voices,
      lastNumbers,
      calibration: await storedCalibration(place, MODEL),
      keys: ring.list(),
      limits: ring.limitsOf('acme'),
    };
  };

  test.each([undefined, KEY])(
    'brings everything to a database and back (key: %s)',
    async (key) => {
      const url = await databases.next();
      const { folder } = await filled(key);
      const inDatabase = { storeDirectory: '', databaseUrl: url };
      const before = await contents({ storeDirectory: folder }, key);
      expect(before.people).toHaveLength(250);
      const { answer, exitCode } = await run(url, key, folder, 'database');
      expect(exitCode).toBe(0);
      expect(answer).toMatchObject({
        people: { copied: 250, there: 0 },
        speech: { copied: 3, there: 0 },
        unknownVoices: { copied: 1, there: 0 },
        limits: 1,
      });
      expect(answer.auditEntries.copied).toBeGreaterThanOrEqual(3);
      const after = await contents(inDatabase, key);
      expect(after).toEqual(before);
      const again = await run(url, key, folder, 'database');
      expect(again.answer).toMatchObject({
        people: { copied: 0, there: 250 },
        speech: { copied: 0, there: 3 },
        unknownVoices: { copied: 0, there: 1 },
        auditEntries: { copied: 0 },
        calibrations: { copied: 0, there: 1 },
        keys: 0,
        limits: 0,
      });
      const back = join(await temporaryFolder(), 'back');
      expect((await run(url, key, 'database', back)).exitCode).toBe(0);
      expect(await contents({ storeDirectory: back }, key)).toEqual(before);
    },
    120_000,
  );

  test('continues one that was interrupted, and leaves a plain source plain', async () => {
    const url = await databases.next();
    const { folder, people } = await filled();
    await using registry = await PostgresRegistry.open(url, { encryptionKey: KEY });
    await registry.putAll('local', people.slice(0, 40), { replace: false });
    const { answer } = await run(url, KEY, folder, 'database');
    expect(answer).toMatchObject({ people: { copied: 210, there: 40 }, speech: { copied: 3, there: 0 } });
    await using plain = await LowdbRegistry.open(folder);
    expect(await plain.list('local')).toHaveLength(130);
  });

  test('mixes nobody with others of the same id, unless they are to be replaced', async () => {
    const url = await databases.next();
    const { folder } = await filled();
    await using registry = await PostgresRegistry.open(url);
    await registry.putAll('local', [randomVoiceprint({ id: 'p5', tenantId: 'local' })], { replace: false });
    const { exitCode, answer } = await run(url, undefined, folder, 'database');
    expect([exitCode, answer.error.code]).toEqual([1, 'SPEAKER_EXISTS']);
    expect(answer.error.details).toEqual({ speakerIds: 'p5' });
    expect(await registry.list('local')).toHaveLength(1);
    const replacing = await run(url, undefined, folder, 'database', '--replace');
    expect(replacing.answer).toMatchObject({ people: { copied: 250, there: 0 } });
  });

  test('refuses what is no store, an address, and the same store twice', async () => {
    const url = await databases.next();
    const folder = await temporaryFolder();
    expect((await run(url, undefined, join(folder, 'none'), 'database')).answer.error.code).toBe('FILE_NOT_FOUND');
    expect((await run(url, undefined, 'database', 'database')).answer.error.code).toBe('INPUT_INVALID');
    expect((await run(url, undefined, folder, 'postgres://a:secret@b/c')).exitCode).toBe(2);
    await mkdir(join(folder, 'damaged'));
    await writeFile(join(folder, 'damaged', 'voiceprints.json'), '{');
    const damaged = await run(url, undefined, join(folder, 'damaged'), 'database');
    expect(damaged.answer.error.code).toBe('REGISTRY_CORRUPT');
  });
});
