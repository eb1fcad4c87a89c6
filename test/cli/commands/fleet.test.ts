import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { Broker } from '../../flows/broker.js';
import { endlessAudio } from '../../support/endlessAudio.js';
import { freshDatabase, whyNoPostgres } from '../../support/postgres.js';
import { until } from '../../support/until.js';
import { ended, ran, started } from '../program.js';
import { spoken } from '../speech.js';

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-fleet-'));
const file = join(folder, 'sources.yaml');
const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function serving(argv: readonly string[], env: Record<string, string>) {
  const child = started(['serve', '--port', '0', '--grpc-port', 'off', ...argv], {
    VOICE_PRINTS_HOME: join(folder, 'store'),
    VOICE_PRINTS_API_KEYS: 'local:secret',
    ...env,
  });
  running.add(child);
  child.stderr!.resume();
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  const { rest } = JSON.parse(line) as { rest: string };
  const ask = (path: string) => fetch(rest + path, { headers: { authorization: 'Bearer secret' } });
  return { child, ask, text: async (path: string) => (await ask(path)).text() };
}

describe.skipIf(whyNoPostgres)('processes that share their sources', () => {
  test('each source is at one of three: killed, stopped for a while, drained', async () => {
    await using place = await freshDatabase();
    using broker = await Broker.start();
    const words = 'Good morning, the mail has come early today, and there is a parcel for you at the door.';
    await using camera = await endlessAudio(spoken(join(folder, 'hall.wav'), 'slt', words));
    writeFileSync(file, `sources:\n  hall: {source: "${camera.url}"}\n`);
    const leases: number[] = [];
    const client = await broker.client();
    client.on('message', (_topic, payload) => {
      const { lease } = JSON.parse(payload.toString()) as { lease?: number };
      if (lease !== undefined) leases.push(lease);
    });
    await client.subscribeAsync(['speaker-id/sources/+', 'speaker-id/+/event'], { qos: 1 });
    const argv = ['--roles', 'live', '--sources', file, '--mqtt', `mqtt://127.0.0.1:${broker.port}`];
    const env = { VOICE_PRINTS_DATABASE_URL: place.url };
    const fleet = await Promise.all([1, 2, 3].map(() => serving(argv, env)));

    /** The measures are the one thing that a process without the role api answers. */
    const isOpen = async ({ text }: (typeof fleet)[number]) =>
      /source_open\{source="hall"\} 1$/m.test(await text('/metrics'));
    const holderAmong = (some: typeof fleet) =>
      until(
        async () => {
          const open = await Promise.all(some.map(isOpen));
          return some.filter((_, i) => open[i]);
        },
        (open) => open.length > 0,
      );
    const newest = () => Math.max(0, ...leases);

    const [first, ...more] = await holderAmong(fleet);
    expect(more).toEqual([]);
    await until(() => newest() > 0 && camera.open === 1);
    expect(camera.connections, 'nobody else has ever listened').toBe(1);

    const api = await serving(['--roles', 'api'], env);
    const known = await until(
      async () => (JSON.parse(await api.text('/v1/sources')) as { sources: object[] }).sources,
      (sources) => sources.some((one) => (one as { status?: string }).status === 'open'),
    );
    expect(known).toMatchObject([{ source: 'hall', site: 'hall', status: 'open', lease: newest() }]);
    expect(Object.keys(known[0]!), 'no names in the tables').not.toContain('present');
    api.child.kill('SIGKILL');

    let before = newest();
    first!.child.kill('SIGKILL');
    const two = fleet.filter((one) => one !== first);
    const [second] = await holderAmong(two);
    await until(() => newest() > before);
    expect(camera.most).toBe(1);

    before = newest();
    second!.child.kill('SIGSTOP');
    const [third] = two.filter((one) => one !== second);
    await holderAmong([third!]);
    await until(() => newest() > before);
    const while2 = newest();
    expect(camera.open, 'the connection of the process that stands still').toBe(2);
    second!.child.kill('SIGCONT');
    await until(() => camera.open === 1);
    expect(await isOpen(third!)).toBe(true);
    await until(async () => !(await isOpen(second!)));
    expect(newest()).toBe(while2);

    camera.forget();
    const end = ended(third!.child);
    third!.child.kill('SIGTERM');
    await holderAmong([second!]);
    await until(() => newest() > while2);
    expect(camera.most, 'handed over, never at two').toBe(1);
    expect((await end).exitCode).toBe(0);
    expect(leases, 'nothing late of a former holder').toEqual([...leases].sort((a, b) => a - b));
    await client.endAsync(true);
  });

  test('roles answer what is theirs; a process that is to end is not ready, and takes calls for a while', async () => {
    await using place = await freshDatabase();
    const env = { VOICE_PRINTS_DATABASE_URL: place.url };
    const worker = await serving(['--roles', 'worker'], env);
    expect([(await worker.ask('/healthz')).status, (await worker.ask('/readyz')).status]).toEqual([200, 200]);
    expect(await worker.text('/metrics')).toMatch(/^voice_prints_live_load 0/m);
    expect((await worker.ask('/v1/speakers')).status).toBe(404);
    const end = ended(worker.child);
    worker.child.kill('SIGTERM');
    expect((await end).exitCode).toBe(0);

    const api = await serving(['--roles', 'api', '--drain-wait', '2'], env);
    expect((await api.ask('/v1/speakers')).status).toBe(200);
    const apiEnd = ended(api.child);
    api.child.kill('SIGTERM');
    await until(async () => (await api.ask('/readyz')).status === 503);
    expect(await api.text('/readyz')).toBe('{"status":"draining"}');
    expect((await api.ask('/v1/speakers')).status).toBe(200);
    expect((await apiEnd).exitCode).toBe(0);
  });
});

test.each([
  ['roles that are none', ['--roles', 'api,cook'], /cook is not known; use api, worker, live/],
  ['a worker without a database', ['--roles', 'worker'], /needs a database/],
  ['calls without anybody who works on jobs', ['--roles', 'api,live'], /needs a database/],
  ['nothing to listen to', ['--roles', 'live'], /name them with --sources/],
  ['an option of another role', ['--roles', 'api,worker', '--sources', file], /--sources is for the role live/],
])('%s are refused', async (_name, argv, message) => {
  writeFileSync(file, 'sources: {hall: {source: "mic:"}}');
  const { exitCode, stderr } = await ran(['serve', '--port', '0', ...argv]);
  expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)]);
});
