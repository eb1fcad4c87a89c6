// Jobs of several processes over one PostgreSQL under kill -9 and restarts of the server: each answered once, one webhook-id a job.
// node scripts/soak/manyWorkers.mjs [--jobs 1000] [--processes 3] [--every 10] [--restarts 2] [--seconds 2] [--seed 1]
// --every: a process at random is killed and started again every so many seconds.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { startCluster } from '../setup/postgresCluster.mjs';
import { chanceOf, clipOf } from './jobs/clips.mjs';

const number = (value) => ({ type: 'string', default: String(value) });
const { values } = parseArgs({
  options: {
    jobs: number(1_000),
    processes: number(3),
    every: number(10),
    restarts: number(2),
    seconds: number(2),
    seed: number(1),
  },
});
const [count, processes, every, restarts, seconds, seed] = [
  ...['jobs', 'processes', 'every', 'restarts', 'seconds', 'seed'],
].map((name) => Number(values[name]));
const KEY = 'soak-key';
const IN_VAIN_MS = 1_800_000;
const headers = { 'x-api-key': KEY, 'content-type': 'application/json' };
const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const chance = chanceOf(seed);

/** webhook-ids by request id. */
const arrived = new Map();
let attempts = 0;
const receiver = createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  attempts += 1;
  const { request_id: id, response: outcome } = JSON.parse(Buffer.concat(pieces).toString());
  const known = arrived.get(id) ?? { ids: new Set(), isAnswer: outcome !== undefined };
  known.ids.add(request.headers['webhook-id']);
  arrived.set(id, known);
  response.writeHead(204).end();
});
receiver.listen(0, '127.0.0.1');
await once(receiver, 'listening');
const hook = `http://127.0.0.1:${receiver.address().port}/hook`;

const folder = mkdtempSync(join(tmpdir(), 'voice-prints-soak-'));
const cluster = await startCluster();
const env = {
  ...process.env,
  VOICE_PRINTS_DATABASE_URL: cluster.url,
  VOICE_PRINTS_AUDIO_URL: pathToFileURL(join(folder, 'audio')).href,
  VOICE_PRINTS_API_KEYS: `soak:${KEY}`,
  VOICE_PRINTS_ALLOWED_HOSTS: new URL(hook).host,
  VOICE_PRINTS_KEY: 'a soak key of the store',
};

/** A process with a folder of its own, as on a machine of its own. */
async function startServer(place) {
  const args = [main, 'serve', '--store', join(folder, `store-${place}`), '--port', '0', '--grpc-port', '0'];
  for (;;) {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(child, 'close');
    const line = await Promise.race([once(createInterface(child.stdout), 'line'), closed]);
    if (typeof line[0] === 'string') return { child, closed, url: JSON.parse(line[0]).rest };
    await sleep(1_000); // the server of the database is away for longer than a start waits
  }
}

const servers = await Promise.all(Array.from({ length: processes }, (_, place) => startServer(place)));
const anyUrl = () => servers[Math.floor(Math.random() * processes)].url;

/** A call to whichever process answers; undefined where it was killed or the database is away. */
async function call(path, options = {}) {
  try {
    const response = await fetch(`${anyUrl()}${path}`, { headers, ...options });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? undefined : JSON.parse(text),
      wait: response.headers.get('retry-after'),
    };
  } catch {
    return undefined;
  }
}

async function submit(place) {
  const id = `job-${place}`;
  const body = JSON.stringify({ content: clipOf(place, seconds), minNonSpeechDuration: 0.2 });
  const path = `/audio/generic/api/v1/async/vad?request_id=${id}&webhook=${encodeURIComponent(hook)}`;
  for (;;) {
    const answer = await call(path, { method: 'POST', body });
    if (answer?.status === 202) return;
    if (answer && answer.status !== 429 && answer.status < 500) throw new Error(`job refused with ${answer.status}`);
    await sleep(answer?.wait ? 1_000 * Number(answer.wait) : 200);
  }
}

const startedAt = Date.now();
let isOver = false;
let next = 0;
const senders = Array.from({ length: 8 }, async () => {
  while (next < count) await submit(next++);
});

let kills = 0;
const killing = (async () => {
  for (;;) {
    for (let waited = 0; waited < every * 1_000 && !isOver; waited += 200) await sleep(200);
    if (isOver) return;
    const place = Math.floor(chance() * processes);
    servers[place].child.kill('SIGKILL');
    await servers[place].closed;
    kills += 1;
    servers[place] = await startServer(place);
  }
})();
const restarting = (async () => {
  for (let done = 0; done < restarts; done += 1) {
    while (arrived.size < ((done + 1) * count) / (restarts + 1) && !isOver) await sleep(50);
    if (isOver) return;
    await (done % 2 === 0 ? cluster.kill() : cluster.stop());
    await cluster.start();
  }
})();

await Promise.all(senders);
while (arrived.size < count && Date.now() - startedAt < IN_VAIN_MS) await sleep(200);
const tookSeconds = (Date.now() - startedAt) / 1_000;
isOver = true;
await Promise.all([killing, restarting]);

const statuses = {};
let retried = 0;
for (let cursor = ''; cursor !== undefined; ) {
  const answer = await call(`/v1/jobs?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`);
  if (answer?.status !== 200) {
    await sleep(200);
    continue;
  }
  for (const { status, tries } of answer.body.jobs) {
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (tries > 1) retried += 1;
  }
  cursor = answer.body.cursor ?? undefined;
}
for (const { child, closed } of servers) {
  child.kill('SIGKILL');
  await closed;
}
await cluster.end();
receiver.close();
rmSync(folder, { recursive: true, force: true });

const many = [...arrived.values()];
const report = {
  jobs: count,
  processes,
  kills,
  restarts,
  seconds: Math.round(tookSeconds),
  statuses,
  triedAgain: retried,
  answered: many.filter(({ isAnswer }) => isAnswer).length,
  webhookAttempts: attempts,
  jobsWithSeveralWebhookIds: many.filter(({ ids }) => ids.size > 1).length,
};
console.log(JSON.stringify(report));
const isRight =
  report.answered === count && statuses.done === count && report.jobsWithSeveralWebhookIds === 0 && kills > 0;
process.exit(isRight ? 0 : 1);
