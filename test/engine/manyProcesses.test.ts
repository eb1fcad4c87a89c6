import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Database } from '../../src/database/database.js';
import { ALL_TENANTS } from '../../src/database/sql.js';
import { PostgresRegistry } from '../../src/registry/postgres/postgresRegistry.js';
import { randomVoiceprint } from '../registry/randomVoiceprint.js';
import { freshDatabase, type TestDatabase, whyNoPostgres } from '../support/postgres.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const PROCESSES = 10;
/** On a machine that is busy otherwise. What was measured is printed. */
const PATIENCE = { timeout: 240_000, interval: 5 };
const WATCHER = fileURLToPath(new URL('peopleWatcher.mjs', import.meta.url));

interface Said {
  readonly isReady?: true;
  readonly put?: readonly string[];
  readonly gone?: readonly string[];
}

describe.skipIf(whyNoPostgres)('ten processes over one database', () => {
  let place: TestDatabase;
  const children: ChildProcess[] = [];
  const said: Said[][] = [];
  const count = (isHeard: (line: Said) => boolean) => said.filter((lines) => lines.some(isHeard)).length;

  beforeAll(async () => {
    place = await freshDatabase();
    await (await Database.open(place.url))[Symbol.asyncDispose]();
    for (let n = 0; n < PROCESSES; n += 1) {
      const child = spawn(process.execPath, [WATCHER, place.url, await temporaryFolder()], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const lines: Said[] = [];
      createInterface(child.stdout!).on('line', (line) => lines.push(JSON.parse(line)));
      children.push(child);
      said.push(lines);
    }
    await vi.waitFor(() => expect(count(({ isReady }) => isReady === true)).toBe(PROCESSES), PATIENCE);
  });

  afterAll(async () => {
    for (const child of children) {
      child.stdin!.end();
      if (child.exitCode === null) await once(child, 'exit');
      expect(child.exitCode).toBe(0);
    }
    await place[Symbol.asyncDispose]();
  });

  /** Until all have heard of it, though nothing is asked of any. */
  const heardByAll = async (what: string, isHeard: (line: Said) => boolean) => {
    const beganMs = performance.now();
    await vi.waitFor(() => expect(count(isHeard)).toBe(PROCESSES), PATIENCE);
    console.log(`${what}: in ${PROCESSES} processes after ${Math.round(performance.now() - beganMs)} ms`);
  };

  test('all have an enrolment, a change and an erasure in memory, within a second where the machine has room', async () => {
    await using registry = await PostgresRegistry.open(place.url);
    await registry.update('local', 'anna', () => randomVoiceprint({ tenantId: 'local', name: 'A' }));
    await heardByAll('enrolled', ({ put }) => put?.includes('anna A') ?? false);
    await registry.update('local', 'anna', (now) => now && { ...now, name: 'B' });
    await heardByAll('renamed', ({ put }) => put?.includes('anna B') ?? false);
    await registry.delete('local', 'anna');
    await heardByAll('erased', ({ gone }) => gone?.includes('anna') ?? false);
  });

  test('all do so after their connections were cut, whatever was changed meanwhile', async () => {
    await using registry = await PostgresRegistry.open(place.url);
    await registry.update('local', 'ben', () => randomVoiceprint({ id: 'ben', tenantId: 'local', name: 'A' }));
    await heardByAll('enrolled', ({ put }) => put?.includes('ben A') ?? false);
    await using database = await Database.open(place.url);
    const cut = await database.query(
      ALL_TENANTS,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    expect(cut.length).toBeGreaterThanOrEqual(PROCESSES);
    await registry.delete('local', 'ben');
    await heardByAll('erased while connections were cut', ({ gone }) => gone?.includes('ben') ?? false);
    await registry.update('local', 'cleo', () => randomVoiceprint({ id: 'cleo', tenantId: 'local', name: 'A' }));
    await heardByAll('enrolled after that', ({ put }) => put?.includes('cleo A') ?? false);
  });
});
