import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/index.js';
import { freshDatabase, type TestDatabase, whyNoPostgres } from '../support/postgres.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { until } from '../support/until.js';
import { type Flow, NodeRedProcess } from './nodeRedProcess.js';
import { enrolNodes, failures, out, VoiceFlow } from './voiceFlow.js';

const API_KEY = 'a-key-of-the-test';

describe.skipIf(whyNoPostgres)('a store whose dialog names a database', () => {
  let place: TestDatabase;
  beforeAll(async () => {
    place = await freshDatabase();
  });
  afterAll(async () => place?.[Symbol.asyncDispose]());

  describe('in a flow', () => {
    const on = VoiceFlow.use();
    const registry = {
      ...{ id: 'registry', type: 'speaker-registry', version: 1, store: 'store', action: 'list', actionType: 'str' },
      wires: [['out']],
    };

    test('enrols into it and lists from it, its address from an environment variable', async () => {
      process.env.TEST_STORE_DATABASE = place.url;
      try {
        const store = { databaseUrl: `\${TEST_STORE_DATABASE}` };
        await on.flow.load([...enrolNodes, registry, out, ...failures], { store });
        await on.enrolBoth();
        const listed = on.flow.next('out');
        on.flow.node('registry').receive({ payload: '' });
        expect((await listed).payload).toMatchObject([{ speakerId: 'ray' }, { speakerId: 'sally' }]);
        await using elsewhere = await createEngine({
          storeDirectory: await temporaryFolder(),
          databaseUrl: place.url,
        });
        expect(await elsewhere.speakers().list()).toMatchObject([{ name: 'Ray' }, { name: 'Sally' }]);
      } finally {
        delete process.env.TEST_STORE_DATABASE;
      }
    });
  });

  test('keeps its keys and jobs there, and its address as a secret of Node-RED', async () => {
    await using own = await freshDatabase();
    await using red = await NodeRedProcess.start();
    await red.deploy([
      { id: 'tab', type: 'tab', label: 'test' },
      {
        ...{ id: 'store', type: 'speaker-store', version: 3, isRestOn: true, restPath: '/voices' },
        credentials: { apiKey: API_KEY, databaseUrl: own.url },
      },
    ] as unknown as Flow);
    const headers = { authorization: `Bearer ${API_KEY}` };
    const call = (path: string, init: RequestInit = {}) =>
      fetch(`${red.url}/voices/v1${path}`, { ...init, headers: { ...headers, ...init.headers } });
    expect(await (await call('/speakers')).json()).toEqual({ speakers: [], cursor: null });
    const made = await fetch(`${red.url}/voice-prints/stores/store/keys`, {
      method: 'POST',
      body: JSON.stringify({ tenantId: 'home', scopes: ['identify'] }),
      headers: { 'content-type': 'application/json' },
    });
    expect(made.status).toBeLessThan(300);
    const file = join(red.userDir, 'spoken.wav');
    execFileSync('flite', ['-voice', 'slt', '-t', 'Nobody knows how late it is.', file]);
    const accepted = await call('/jobs', {
      method: 'POST',
      body: readFileSync(file),
      headers: { 'content-type': 'audio/wav' },
    });
    expect(accepted.status).toBe(202);

    const client = new pg.Client({ connectionString: own.url });
    await client.connect();
    try {
      const count = async (text: string) =>
        (await client.query<{ n: number }>(`SELECT (SELECT ${text}) AS n`)).rows[0]!.n;
      await client.query(`SELECT set_config('voice_prints.tenant', '*', false)`);
      expect(
        await count(`jsonb_array_length(value -> 'keys') FROM voice_prints.settings WHERE name = 'api-keys'`),
      ).toBe(1);
      await until(async () => (await count(`count(*)::int FROM voice_prints.jobs WHERE status = 'done'`)) === 1);
    } finally {
      await client.end();
    }
    const flows = readFileSync(join(red.userDir, 'flows.json'), 'utf8');
    const shown = await (await fetch(`${red.url}/flows`)).text();
    const secret = new URL(own.url).pathname; // nothing else of this address is only its own
    for (const text of [flows, shown, red.lines.join('\n')]) expect(text).not.toContain(secret);
  });
});
