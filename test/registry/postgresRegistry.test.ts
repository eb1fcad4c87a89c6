import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { DatabaseSealing } from '../../src/database/databaseSealing.js';
import { ALL_TENANTS } from '../../src/database/sql.js';
import { PostgresAudit, readPostgresAudit } from '../../src/registry/postgres/postgresAudit.js';
import { PostgresRegistry } from '../../src/registry/postgres/postgresRegistry.js';
import { PostgresUnknownVoices } from '../../src/registry/postgres/postgresUnknownVoices.js';
import { forgetErased } from '../../src/registry/postgres/recentErasures.js';
import type { VoiceprintFollower } from '../../src/registry/voiceprintRegistry.js';
import { EmptyDatabases } from '../support/emptyDatabase.js';
import { asOwner } from '../support/ownerRole.js';
import { freshDatabase, whyNoPostgres } from '../support/postgres.js';
import { randomUnknownVoice } from './randomUnknownVoice.js';
import { randomVoiceprint } from './randomVoiceprint.js';

const KEY = 'eight or more';
const AUDIO_ID = '0123456789abcdef'.repeat(2);
const speech = { samples: Int16Array.of(1, -2, 3), stretches: [3] };

describe.skipIf(whyNoPostgres)('voiceprints in PostgreSQL', () => {
  const databases = new EmptyDatabases();
  afterAll(() => databases[Symbol.asyncDispose]());
  let url: string;
  beforeAll(async () => {
    url = await databases.next();
  });
  const emptied = () => databases.next();

  const withAudio = (id: string) => {
    const one = randomVoiceprint({ id, name: 'Anna Example', exemplars: 1 });
    return { ...one, exemplars: one.exemplars.map((exemplar) => ({ ...exemplar, audioId: AUDIO_ID })) };
  };

  test('of an encrypted database are refused without its key, and with another', async () => {
    await emptied();
    await using registry = await PostgresRegistry.open(url, { encryptionKey: KEY });
    await registry.putAll('t', [randomVoiceprint({})], { replace: false });
    await expect(PostgresRegistry.open(url)).rejects.toMatchObject({ code: 'REGISTRY_KEY_MISSING' });
    await expect(PostgresRegistry.open(url, { encryptionKey: 'another key' })).rejects.toMatchObject({
      code: 'REGISTRY_KEY_WRONG',
    });
  });

  test('of a new database have one key, however many processes bring it at once', async () => {
    await emptied();
    const all = await Promise.all(Array.from({ length: 5 }, () => openAlone(url, KEY)));
    for (const [index, { registry }] of all.entries())
      await registry.putAll('t', [randomVoiceprint({ id: `p${index}` })], { replace: false });
    for (const { registry } of all) expect(await registry.list('t')).toHaveLength(5);
    for (const { close } of all) await close();
  });

  test('that were plain are sealed when that is asked for, no sooner, and processes without the key are refused from then on', async () => {
    await emptied();
    await using plain = await PostgresRegistry.open(url);
    const people = [withAudio('anna'), ...Array.from({ length: 120 }, (_, i) => randomVoiceprint({ id: `p${i}` }))];
    await plain.putAll('t', people, { replace: false });
    await plain.keepSpeech('t', 'anna', AUDIO_ID, speech);
    const mistyped = PostgresRegistry.open(url, { encryptionKey: 'a mistyped key' });
    await expect(mistyped).rejects.toMatchObject({ code: 'REGISTRY_KEY_WRONG' });
    expect(await plain.list('t')).toHaveLength(people.length);
    await using asked = await Database.open(url);
    await DatabaseSealing.encrypt(asked, KEY);
    await using sealed = await PostgresRegistry.open(url, { encryptionKey: KEY });
    expect(await sealed.list('t')).toHaveLength(people.length);
    expect(await sealed.speech('t', AUDIO_ID)).toEqual(speech);
    await using database = await Database.open(url);
    for (const table of ['people', 'speech']) {
      const rows = await database.query<{ body: Buffer }>(ALL_TENANTS, `SELECT body FROM voice_prints.${table}`);
      expect(rows.length).toBeGreaterThan(0);
      for (const { body } of rows) expect(body.toString('latin1')).not.toMatch(/voiceprint|Anna|stretches/);
    }
    await expect(plain.get('t', 'anna')).rejects.toMatchObject({ code: 'REGISTRY_KEY_MISSING' });
    const added = plain.update('t', 'new', () => randomVoiceprint({ id: 'new' }));
    await expect(added).rejects.toMatchObject({ code: 'REGISTRY_KEY_MISSING' });
  });

  test('cannot be exchanged for those of another person', async () => {
    await emptied();
    await using registry = await PostgresRegistry.open(url, { encryptionKey: KEY });
    await registry.putAll('t', [randomVoiceprint({ id: 'a' }), randomVoiceprint({ id: 'b' })], { replace: false });
    await using database = await Database.open(url);
    await database.query(
      ALL_TENANTS,
      `UPDATE voice_prints.people SET body = (SELECT body FROM voice_prints.people WHERE id = 'b') WHERE id = 'a'`,
    );
    await expect(registry.get('t', 'a')).rejects.toMatchObject({ code: 'REGISTRY_CORRUPT' });
  });

  test('that are erased leave nothing, their ids neither after some minutes; followers learn of it in any case', async () => {
    await emptied();
    await using registry = await PostgresRegistry.open(url);
    await registry.putAll('t', [withAudio('anna'), randomVoiceprint({ id: 'ben' })], { replace: false });
    await registry.keepSpeech('t', 'anna', AUDIO_ID, speech);
    const [early, late] = [registry.follow('t'), registry.follow('t')];
    expect([await goneOf(early), await goneOf(late)]).toEqual([[], []]);
    await registry.delete('t', 'anna');
    expect(await goneOf(early)).toEqual(['anna']);
    await using database = await Database.open(url);
    await forgetErased(database, 0);
    const places = await database.query<{ name: string }>(
      ALL_TENANTS,
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'voice_prints'`,
    );
    for (const { name } of places) {
      const rows = await database.query<{ text: string }>(
        ALL_TENANTS,
        `SELECT row_to_json(t)::text AS text FROM ${name} AS t`,
      );
      for (const { text } of rows) expect(text).not.toMatch(/anna|0123456789abcdef/);
    }
    expect(await goneOf(late)).toEqual(['anna']);
    expect(await goneOf(late)).toEqual([]);
    await registry.delete('t', 'ben');
    expect([await goneOf(early), await goneOf(late)]).toEqual([['ben'], ['ben']]);
  });

  test('are all given to whoever follows, also of more changes than one part has; the audit log is by time', async () => {
    await emptied();
    await using registry = await PostgresRegistry.open(url);
    const ids = Array.from({ length: 130 }, (_, index) => `p${index}`);
    for (const id of ids) await registry.putAll('t', [randomVoiceprint({ id })], { replace: false });
    const given: string[] = [];
    for await (const { put } of registry.follow('t').changes()) given.push(...put.map(({ id }) => id));
    expect(given).toEqual(ids);
    const time = '2026-06-01T12:00:00.000Z';
    const entries = Array.from(
      { length: 1_300 },
      (_, index) => ({ speakerId: `p${index}`, time, tenantId: 't' }) as const,
    );
    const whole = entries.map(
      (entry) => ({ ...entry, actor: 'command line', action: 'enrol', outcome: 'complete' }) as const,
    );
    await new PostgresAudit(url).append(whole);
    const read: unknown[] = [];
    for await (const entry of readPostgresAudit(url, {})) read.push(entry?.speakerId);
    expect(read).toEqual(whole.map(({ speakerId }) => speakerId));
  });

  test('are kept by a role without rights of its own, which sees the rows of one tenant at a time', async () => {
    await using fresh = await freshDatabase();
    await using own = await asOwner(fresh);
    await using registry = await PostgresRegistry.open(own.url, { encryptionKey: KEY });
    await registry.putAll('mine', [{ ...withAudio('anna'), tenantId: 'mine' }], { replace: false });
    await registry.putAll('theirs', [randomVoiceprint({ id: 'ben', tenantId: 'theirs' })], { replace: false });
    expect(await registry.keepSpeech('mine', 'anna', AUDIO_ID, speech)).toBe(true);
    const options = { encryptionKey: KEY, mostVoices: 3, nowMs: () => 0 };
    await using unknown = await PostgresUnknownVoices.open(own.url, options);
    await unknown.put('mine', randomUnknownVoice({ id: await unknown.newId('mine') }));
    await unknown.flush();
    await using database = await Database.open(own.url);
    const tables = await database.query<{ name: string }>(
      'theirs',
      `SELECT table_name AS name FROM information_schema.columns WHERE table_schema = 'voice_prints' AND column_name = 'tenant_id'
        AND table_name <> 'changes'`,
    );
    expect(tables.length).toBeGreaterThan(4);
    for (const { name } of tables) {
      const seen = await database.query<{ n: number }>(
        'theirs',
        `SELECT count(*)::int AS n FROM voice_prints.${name} WHERE tenant_id <> 'theirs'`,
      );
      expect(seen).toEqual([{ n: 0 }]);
    }
    const foreign = database.query('theirs', `INSERT INTO voice_prints.erasures VALUES ('mine', 1)`);
    await expect(foreign).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    expect(await registry.delete('mine', 'anna')).toBe(true);
    expect(await registry.speech('mine', AUDIO_ID)).toBeUndefined();
    expect(await registry.list('theirs')).toHaveLength(1);
  });
});

async function goneOf(follower: VoiceprintFollower): Promise<string[]> {
  const all: string[] = [];
  for await (const { gone } of follower.changes()) all.push(...gone);
  return all;
}

/** As another process would: with connections of its own. */
async function openAlone(url: string, encryptionKey: string) {
  const alone = new URL(url);
  alone.searchParams.set('application_name', `test-${Math.random()}`);
  const registry = await PostgresRegistry.open(alone.href, { encryptionKey });
  return { registry, close: () => registry[Symbol.asyncDispose]() };
}
