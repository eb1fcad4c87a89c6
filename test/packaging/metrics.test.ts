import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Database } from '../../src/database/database.js';
import { ALL_TENANTS } from '../../src/database/sql.js';
import { ended, started } from '../cli/program.js';
import { freshDatabase, whyNoPostgres } from '../support/postgres.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { until } from '../support/until.js';

const packaging = fileURLToPath(new URL('../../packaging/', import.meta.url));
const dashboard = JSON.parse(readFileSync(`${packaging}grafana/voice-prints.json`, 'utf8'));
const rules = `${packaging}prometheus/alerts.yaml`;

const local = fileURLToPath(new URL('../../.promtool/usr/bin/promtool', import.meta.url));
const promtool = process.env.VOICE_PRINTS_PROMTOOL ?? (existsSync(local) ? local : undefined);
if (!promtool) console.warn('skipped: there is no promtool; npm test fetches it');

const expressions: readonly string[] = [
  ...dashboard.panels.flatMap(({ targets }: { targets: { expr: string }[] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.map(({ query }: { query: string }) => query),
  ...parse(readFileSync(rules, 'utf8')).groups.flatMap(({ rules }: { rules: { expr: string }[] }) =>
    rules.map(({ expr }) => expr),
  ),
  parse(readFileSync(`${packaging}helm/voice-prints/values.yaml`, 'utf8')).worker.autoscaling.queue.metric,
];
const named = [...new Set(expressions.flatMap((text) => text.match(/voice_prints_\w+/g) ?? []))];

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

test.skipIf(!promtool)('promtool finds no fault in the rules, nor in the expressions of the dashboard', async () => {
  const folder = await temporaryFolder();
  const ofDashboard = join(folder, 'dashboard.json');
  const recorded = expressions
    .filter((text) => text.includes('voice_prints') && !text.startsWith('label_values'))
    .map((text, index) => ({ record: `panel:${index}`, expr: text.replaceAll('$job', '.*') }));
  writeFileSync(ofDashboard, JSON.stringify({ groups: [{ name: 'dashboard', rules: recorded }] }));
  const { status, stdout, stderr } = spawnSync(promtool!, ['check', 'rules', '--lint=all', rules, ofDashboard], {
    encoding: 'utf8',
  });
  expect(status, stdout + stderr).toBe(0);
});

describe.skipIf(whyNoPostgres)('the metrics of a fleet', () => {
  test('exist as dashboard, rules and chart name them, and count what waits', async () => {
    await using place = await freshDatabase();
    const folder = await temporaryFolder();
    const sources = join(folder, 'sources.yaml');
    writeFileSync(sources, 'sources:\n  radio:\n    source: http://127.0.0.1:1/radio\n');
    const argv = ['serve', '--port', '0', '--roles', 'api,live', '--store', folder, '--sources', sources];
    const child = started(argv, { VOICE_PRINTS_API_KEYS: 'local:k', VOICE_PRINTS_DATABASE_URL: place.url });
    running.add(child);
    const end = ended(child);
    const line = await Promise.race([once(createInterface({ input: child.stdout! }), 'line'), end]);
    if (!Array.isArray(line)) throw new Error(`serve ended: ${line.stderr}`);
    const { rest } = JSON.parse(line[0]) as { rest: string };
    const headers = { authorization: 'Bearer k', 'content-type': 'application/json' };
    const read = async () => (await fetch(`${rest}/metrics`, { headers })).text();
    for (const id of ['one', 'two']) {
      const body = JSON.stringify({ kind: 'identify', url: 'https://example.invalid/a.wav', requestId: id });
      expect((await fetch(`${rest}/v1/jobs`, { method: 'POST', headers, body })).status).toBe(202);
    }
    await until(read, (text) => named.every((name) => new RegExp(`^${name}[{ ]`, 'm').test(text)));
    const text = await read();
    expect(text).toMatch(/^voice_prints_jobs_waiting\{tenants="few"\} 2$/m);
    expect(text).toMatch(/^voice_prints_jobs_waiting\{tenants="one"\} 0$/m);
    expect(text).toMatch(/^voice_prints_database_up 1$/m);
    // A database that answers no more: metrics are answered all the same.
    await using database = await Database.open(place.url);
    await database.transaction(ALL_TENANTS, async (sql) => {
      await sql('LOCK TABLE voice_prints.jobs IN ACCESS EXCLUSIVE MODE');
      const locked = await read();
      expect(locked).toMatch(/^voice_prints_database_up 0$/m);
      expect(locked).not.toContain('voice_prints_jobs_waiting{');
    });
    expect(named.length).toBeGreaterThan(15);
  });
});
