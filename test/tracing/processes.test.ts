import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from 'vitest';
import { ended, started } from '../cli/program.js';
import { webhookReceiver } from '../jobs/webhookReceiver.js';
import { freshDatabase, whyNoPostgres } from '../support/postgres.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { until } from '../support/until.js';

/** The built server, with tracing preloaded as operators do. */
const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

const preloaded = (name: string) => ({ NODE_OPTIONS: `--import ${new URL(name, import.meta.url).href}` });

async function serving(argv: readonly string[], env: Record<string, string>) {
  const child = started(['serve', '--port', '0', '--grpc-port', 'off', ...argv], {
    VOICE_PRINTS_API_KEYS: 'local:secret',
    VOICE_PRINTS_ALLOWED_HOSTS: '127.0.0.1',
    ...env,
  });
  running.add(child);
  const end = ended(child);
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  const { rest } = JSON.parse(line) as { rest: string };
  const stop = async () => {
    child.kill('SIGTERM');
    return end;
  };
  return { child, rest, stop };
}

/** Two seconds of a tone. */
function tone(): Buffer {
  const samples = Int16Array.from({ length: 32_000 }, (_, i) => 8_000 * Math.sin(i / 8));
  return Buffer.from(samples.buffer);
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';

async function handIn(rest: string, webhook: string): Promise<void> {
  const fields = { kind: 'vad', encoding: 'pcm', sampleRate: '16000', requestId: 'one', webhook };
  const response = await fetch(`${rest}/v1/jobs?${new URLSearchParams(fields)}`, {
    method: 'POST',
    headers: {
      authorization: 'Bearer secret',
      'content-type': 'application/octet-stream',
      traceparent: `00-${TRACE}-${CALLER}-01`,
    },
    body: new Uint8Array(tone()),
  });
  expect(response.status, await response.text()).toBe(202);
}

interface WrittenSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly pid: number;
}

const linesOf = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);

test('by default nothing of OpenTelemetry is loaded; with the setting its API, which says where no provider is', async () => {
  const serve = async (setting: Record<string, string>) => {
    const folder = await temporaryFolder();
    const LOADED_FILE = join(folder, 'loaded');
    const env = { VOICE_PRINTS_HOME: join(folder, 'store'), LOADED_FILE, ...preloaded('loadedToFile.mjs') };
    await using receiver = await webhookReceiver();
    const server = await serving([], { ...env, ...setting });
    await handIn(server.rest, receiver.url);
    await until(() => receiver.received.length === 1);
    const { exitCode, stderr } = await server.stop();
    expect(exitCode, stderr).toBe(0);
    expect(receiver.received[0]!.headers.traceparent).toBeUndefined();
    const loaded = linesOf(LOADED_FILE);
    expect(loaded.some((line) => line.includes('src/tracing/tracing.js'))).toBe(true);
    return { stderr, loaded: loaded.filter((line) => /@opentelemetry|openTelemetry\.js/.test(line)) };
  };
  expect(await serve({})).toMatchObject({ loaded: [], stderr: expect.not.stringContaining('traced') });
  const on = await serve({ VOICE_PRINTS_TRACES: 'on' });
  expect(on.loaded.some((line) => line.includes('@opentelemetry/api'))).toBe(true);
  expect(on.stderr).toContain('nothing is traced: no tracer provider is registered');
});

test('without the setting no span is made, whatever is preloaded', async () => {
  const folder = await temporaryFolder();
  const SPANS_FILE = join(folder, 'spans');
  await using receiver = await webhookReceiver();
  const env = { VOICE_PRINTS_HOME: join(folder, 'store'), SPANS_FILE, ...preloaded('spansToFile.mjs') };
  const server = await serving([], env);
  await handIn(server.rest, receiver.url);
  await until(() => receiver.received.length === 1);
  await server.stop();
  expect(receiver.received[0]!.headers.traceparent).toBeUndefined();
  expect(linesOf(SPANS_FILE)).toEqual([]);
});

describe.skipIf(whyNoPostgres)('two processes over PostgreSQL', () => {
  test('one for calls and one for jobs make one trace, up to the receiver of the webhook', async () => {
    await using place = await freshDatabase();
    await using receiver = await webhookReceiver();
    const folder = await temporaryFolder();
    const SPANS_FILE = join(folder, 'spans');
    const env = {
      VOICE_PRINTS_HOME: folder,
      VOICE_PRINTS_DATABASE_URL: place.url,
      VOICE_PRINTS_KEY: 'a passphrase',
      VOICE_PRINTS_TRACES: 'on',
      SPANS_FILE,
      ...preloaded('spansToFile.mjs'),
    };
    const worker = await serving(['--roles', 'worker'], env);
    const api = await serving(['--roles', 'api'], env);
    await handIn(api.rest, receiver.url);
    await until(() => receiver.received.length === 1);
    await Promise.all([api.stop(), worker.stop()]);
    const spans = linesOf(SPANS_FILE).map((line) => JSON.parse(line) as WrittenSpan);
    const named = (name: string) => spans.find((span) => span.name === name)!;
    const [call, accepted] = [named('POST /v1/jobs'), named('job accepted')];
    const [job, webhook] = [named('job'), named('webhook')];
    expect([call, accepted, job, webhook]).toMatchObject([
      { traceId: TRACE, parentId: CALLER, pid: api.child.pid },
      { traceId: TRACE, parentId: call.spanId, pid: api.child.pid },
      { traceId: TRACE, parentId: accepted.spanId, pid: worker.child.pid },
      { traceId: TRACE, parentId: accepted.spanId, pid: worker.child.pid },
    ]);
    expect(job.attributes).toMatchObject({ 'voice_prints.job.kind': 'vad', 'voice_prints.job.tries': 1 });
    expect(receiver.received[0]!.headers.traceparent).toBe(`00-${TRACE}-${webhook.spanId}-01`);
  });
});
