import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase, type TestDatabase, whyNoPostgres } from '../../support/postgres.js';
import { until } from '../../support/until.js';
import { ended, ran, started } from '../program.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-shared-keys-'));
const PATIENCE = 120_000;
/** Wrong keys a minute from one network. */
const MOST_WRONG = 100;

const minuteNow = () => Math.floor(Date.now() / 60_000);

/** What `work` returns, of a try that began and ended in one minute of the clock. */
async function withinOneMinute<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    const minute = minuteNow();
    const result = await work();
    if (minuteNow() === minute) return result;
  }
}

describe.skipIf(whyNoPostgres)('three servers of one database', () => {
  let database: TestDatabase;
  let servers: { readonly child: ChildProcess; readonly rest: string; readonly madeKey: string | undefined }[] = [];
  const env = () => ({ VOICE_PRINTS_DATABASE_URL: database.url });
  const keys = async (...argv: string[]) => {
    const { exitCode, stdout } = await ran(['keys', ...argv, '--json'], {
      ...env(),
      VOICE_PRINTS_HOME: join(folder, 'cli'),
    });
    expect(exitCode).toBe(0);
    return JSON.parse(stdout);
  };
  const status = async (rest: string, key: string, path = '/v1/usage') =>
    (await fetch(`${rest}${path}`, { headers: { authorization: `Bearer ${key}` } })).status;

  beforeAll(async () => {
    database = await freshDatabase();
    servers = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        const child = started(['serve', '--port', '0', '--grpc-port', 'off', '--store', join(folder, name)], env());
        child.stderr!.resume();
        const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
        const { rest, apiKey } = JSON.parse(line) as { rest: string; apiKey?: string };
        return { child, rest, madeKey: apiKey };
      }),
    );
  }, PATIENCE);
  afterAll(async () => {
    const ends = servers.map(async ({ child }) => {
      child.kill('SIGTERM');
      return (await ended(child)).exitCode;
    });
    expect(await Promise.all(ends)).toEqual([0, 0, 0]);
    await database[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }, PATIENCE);

  test(
    'that start together without a key make one, and all know it',
    async () => {
      const made = servers.flatMap(({ madeKey }) => madeKey ?? []);
      expect(made).toHaveLength(1);
      for (const { rest } of servers) await until(async () => (await status(rest, made[0]!)) === 200);
    },
    PATIENCE,
  );

  test(
    'a key of the command line holds in all of them, and a revoked one in none',
    async () => {
      const { apiKey, keyId } = await keys('create', 'home', '--label', 'door');
      for (const { rest } of servers) await until(async () => (await status(rest, apiKey)) === 200);
      await keys('revoke', keyId);
      for (const { rest } of servers) await until(async () => (await status(rest, apiKey)) === 401);
    },
    PATIENCE,
  );

  test(
    'let in sixty calls a minute together, not one more',
    async () => {
      await keys('limit', 'busy', '--calls', '60');
      const { apiKey } = await keys('create', 'busy', '--scopes', 'enrol');
      let earlier = { minute: minuteNow(), count: 0 };
      for (const { rest } of servers) {
        await until(async () => {
          const answer = await status(rest, apiKey, '/v1/speakers');
          const minute = minuteNow();
          if (answer === 200) earlier = { minute, count: minute === earlier.minute ? earlier.count + 1 : 1 };
          return answer !== 401;
        });
      }
      const burst = async () => {
        const { minute, count } = earlier;
        const before = minute === minuteNow() ? count : 0;
        earlier = { minute: minuteNow(), count: 60 };
        const answers = await Promise.all(
          Array.from({ length: 120 }, (_, i) => status(servers[i % 3]!.rest, apiKey, '/v1/speakers')),
        );
        return { letIn: before + answers.filter((one) => one === 200).length, others: new Set(answers) };
      };
      const { letIn, others } = await withinOneMinute(burst);
      expect(letIn).toBe(60);
      expect(others).toEqual(new Set([200, 429]));
    },
    PATIENCE,
  );

  test(
    'wrong keys at one of them are soon throttled at the others',
    async () => {
      const [one, other] = servers;
      const tries = await withinOneMinute(async () => {
        const wrong = Array.from({ length: MOST_WRONG }, (_, i) => status(one!.rest, `wrong-${i}`));
        expect(new Set(await Promise.all(wrong)).has(401)).toBe(true);
        let count = 0;
        await until(async () => {
          count += 1;
          return (await status(other!.rest, `wrong-too-${count}`)) === 429;
        });
        return count;
      });
      expect(tries).toBeLessThan(MOST_WRONG);
    },
    PATIENCE,
  );
});
