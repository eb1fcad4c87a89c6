// Sources that processes share, under kill -9: heard elsewhere within 5 s, never by two at once; then stopped processes and drains.
// node scripts/soak/leases.mjs [--kills 100] [--stops 5] [--drains 5] [--processes 3] [--sources 4]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { ensurePostgres } from '../setup/postgres.mjs';

const number = (value) => ({ type: 'string', default: String(value) });
const { values } = parseArgs({
  options: { kills: number(100), stops: number(5), drains: number(5), processes: number(3), sources: number(4) },
});
const [kills, stops, drains, processes, sources] = ['kills', 'stops', 'drains', 'processes', 'sources'].map((name) =>
  Number(values[name]),
);
const LONGEST_MS = 5_000;
const IN_VAIN_MS = 30_000;
const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const ids = Array.from({ length: sources }, (_, i) => `camera-${i}`);

/** A hum that does not end, as WAV. */
function headerOf() {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(0xffffffff, 4);
  header.write('WAVEfmt ', 8);
  for (const [at, value] of [
    [16, 16],
    [24, 16_000],
    [28, 32_000],
    [40, 0xffffffff],
  ])
    header.writeUInt32LE(value, at);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  return header;
}
const hum = Buffer.alloc(3_200);
for (let i = 0; i < 1_600; i += 1) hum.writeInt16LE(Math.round(6_000 * Math.sin((2 * Math.PI * i) / 80)), 2 * i);

/** Open connections of each camera. */
const open = new Map(ids.map((id) => [id, new Set()]));
/** Processes that stand still: their connections stay open, and nobody listens on them. */
let isFrozen = false;
let overlaps = 0;
const cameras = createServer((request, response) => {
  const id = request.url.slice(1).split('.')[0];
  const connections = open.get(id);
  if (connections.size > 0 && !isFrozen) overlaps += 1;
  connections.add(response);
  response.writeHead(200, { 'content-type': 'audio/wav' });
  response.write(headerOf());
  const clock = setInterval(() => response.write(hum), 100);
  response.on('close', () => {
    clearInterval(clock);
    connections.delete(response);
  });
});
cameras.listen(0, '127.0.0.1');
await once(cameras, 'listening');

const server = await ensurePostgres();
const serverUrl =
  server.env.VOICE_PRINTS_TEST_DATABASE_URL ??
  process.env.VOICE_PRINTS_TEST_DATABASE_URL ??
  'postgres://postgres@127.0.0.1:5432/postgres';
const admin = new pg.Client({ connectionString: serverUrl });
await admin.connect();
const database = `voice_prints_soak_${process.pid}`;
await admin.query(`CREATE DATABASE ${database}`);
const databaseUrl = new URL(serverUrl);
databaseUrl.pathname = `/${database}`;
const folder = mkdtempSync(join(tmpdir(), 'voice-prints-soak-'));
const file = join(folder, 'sources.yaml');
const { port } = cameras.address();
writeFileSync(
  file,
  `sources:\n${ids.map((id) => `  ${id}: {source: "http://127.0.0.1:${port}/${id}.wav"}\n`).join('')}`,
);

async function start() {
  const args = [main, 'serve', '--roles', 'live', '--port', '0', '--grpc-port', 'off', '--sources', file];
  const env = {
    ...process.env,
    VOICE_PRINTS_DATABASE_URL: databaseUrl.href,
    VOICE_PRINTS_API_KEYS: 'local:soak',
    VOICE_PRINTS_HOME: join(folder, 'store'),
  };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const closed = once(child, 'close');
  const line = await Promise.race([once(createInterface(child.stdout), 'line'), closed]);
  if (typeof line[0] !== 'string') throw new Error('a process did not start');
  return { child, closed, url: JSON.parse(line[0]).rest };
}

/** Sources that this process hears. */
async function heardBy({ url }) {
  try {
    const answer = await fetch(`${url}/metrics`, { headers: { authorization: 'Bearer soak' } });
    const lines = (await answer.text()).matchAll(/^voice_prints_source_open\{source="([^"]+)"\} 1$/gm);
    return [...lines].map(([, id]) => id);
  } catch {
    return [];
  }
}

async function until(look) {
  const fromMs = performance.now();
  for (;;) {
    if (await look()) return;
    if (performance.now() - fromMs > IN_VAIN_MS) throw new Error('waited in vain: sources are heard by nobody');
    await sleep(20);
  }
}

/** Waits until these processes hear every source; returns by which process each is heard. */
async function allHeard(fleet) {
  const holders = new Map();
  await until(async () => {
    for (const one of fleet) for (const id of await heardBy(one)) holders.set(id, one);
    return holders.size === sources;
  });
  return holders;
}

const own = new pg.Client({ connectionString: databaseUrl.href });
let fleet = await Promise.all(Array.from({ length: processes }, start));
await own.connect();
let tokens = new Map();
let tokensThatFell = 0;
async function readTokens() {
  const { rows } = await own.query('SELECT name, token::int AS token FROM voice_prints.leases');
  const now = new Map(rows.map(({ name, token }) => [name, token]));
  for (const [name, token] of tokens) if (!(now.get(name) >= token)) tokensThatFell += 1;
  tokens = now;
}

const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
const figures = (all) => all.length > 0 && { median: Math.round(median(all)), worst: Math.round(Math.max(...all)) };
const times = { killed: [], drained: [], left: [] };

/** Ends a process in one of three ways, and measures when its sources are heard by the others. */
async function strike(signal) {
  await allHeard(fleet);
  await sleep(Math.random() * 4_000); // some while sources move to the process that has just started
  const holders = await allHeard(fleet);
  await readTokens();
  const [victim] = [...holders.values()].sort(() => Math.random() - 0.5);
  const lost = ids.filter((id) => holders.get(id) === victim);
  const others = fleet.filter((one) => one !== victim);
  isFrozen = signal === 'SIGSTOP';
  const atMs = performance.now();
  victim.child.kill(signal);
  const waiting = new Set(lost);
  await until(async () => {
    for (const one of others) {
      for (const id of await heardBy(one)) {
        if (!waiting.delete(id)) continue;
        (signal === 'SIGTERM' ? times.drained : times.killed).push(performance.now() - atMs);
      }
    }
    return waiting.size === 0;
  });
  await readTokens();
  if (signal === 'SIGSTOP') {
    const wokenAtMs = performance.now();
    victim.child.kill('SIGCONT');
    await until(() => ids.every((id) => open.get(id).size === 1));
    times.left.push(performance.now() - wokenAtMs);
    isFrozen = false;
    return;
  }
  await victim.closed;
  fleet = [...others, await start()];
}

for (let i = 0; i < kills; i += 1) await strike('SIGKILL');
for (let i = 0; i < stops; i += 1) await strike('SIGSTOP');
for (let i = 0; i < drains; i += 1) await strike('SIGTERM');

const report = {
  ...{ processes, sources, kills, stops, drains },
  takeovers: times.killed.length,
  heardElsewhereMs: figures(times.killed),
  afterDrainMs: figures(times.drained),
  wokenProcessLeavesMs: figures(times.left),
  twoListeners: overlaps,
  tokensThatFell,
};
console.log(JSON.stringify(report, null, 2));
for (const { child } of fleet) child.kill('SIGTERM');
await Promise.all(fleet.map(({ closed }) => closed));
cameras.closeAllConnections();
cameras.close();
await own.end();
await admin.query(`DROP DATABASE ${database} WITH (FORCE)`);
await admin.end();
await server.end();
rmSync(folder, { recursive: true, force: true });
const isRight = overlaps === 0 && tokensThatFell === 0 && Math.max(0, ...times.killed) <= LONGEST_MS;
process.exitCode = isRight ? 0 : 1;
