// Asynchronous jobs under kill -9: every accepted job answered, one webhook-id a job, nothing lost.
// node scripts/soak/jobs.mjs [--jobs 1000] [--kills 10] [--down] [--seconds 2] [--seed 1]
// --down: the receiver refuses half of the time, and what died is sent again at the end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { chanceOf, clipOf } from './jobs/clips.mjs';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '1000' },
    kills: { type: 'string', default: '10' },
    down: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
  },
});
const [count, kills, seconds] = [values.jobs, values.kills, values.seconds].map(Number);
const PERIOD_MS = 4_000;
const KEY = 'soak-key';
const headers = { 'x-api-key': KEY, 'content-type': 'application/json' };
const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

const chance = chanceOf(Number(values.seed));

/** What arrived, by request id. */
const arrived = new Map();
let attempts = 0;
let badSignatures = 0;
let repeatsWithoutCrash = 0;
let secret = '';
const isDown = () => values.down && Math.floor(Date.now() / PERIOD_MS) % 2 === 0;
const killedAt = [];

const receiver = createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  attempts += 1;
  const text = Buffer.concat(pieces).toString();
  if (isDown()) {
    response.writeHead(503).end();
    return;
  }
  try {
    new Webhook(secret).verify(text, request.headers);
  } catch {
    badSignatures += 1;
  }
  const { request_id: id, response: outcome, fault } = JSON.parse(text);
  const known = arrived.get(id) ?? {
    ids: new Set(),
    times: [],
    isAnswer: outcome !== undefined || fault !== undefined,
  };
  known.ids.add(request.headers['webhook-id']);
  known.times.push(Date.now());
  arrived.set(id, known);
  response.writeHead(204).end();
});
receiver.listen(0, '127.0.0.1');
await once(receiver, 'listening');
const hook = `http://127.0.0.1:${receiver.address().port}/hook`;

const store = mkdtempSync(join(tmpdir(), 'voice-prints-soak-'));
const env = {
  ...process.env,
  VOICE_PRINTS_API_KEYS: `soak:${KEY}`,
  VOICE_PRINTS_ALLOWED_HOSTS: new URL(hook).host,
  VOICE_PRINTS_KEY: 'a soak key of the store',
};

async function startServer() {
  const args = [main, 'serve', '--store', store, '--port', '0', '--grpc-port', '0'];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const line = await Promise.race([once(createInterface(child.stdout), 'line'), closed]);
  if (typeof line[0] !== 'string') throw new Error('the server did not start');
  return { child, closed, url: JSON.parse(line[0]).rest };
}

let server = await startServer();
secret = (await (await fetch(`${server.url}/v1/webhooks/secret`, { method: 'POST', headers })).json()).secret;

/** Sends one job until somebody accepts it: a call that a kill cut off is made again, under the same id. */
async function submit(number) {
  const id = `job-${number}`;
  const body = JSON.stringify({ content: clipOf(number, seconds), minNonSpeechDuration: 0.2 });
  for (;;) {
    try {
      const path = `/audio/generic/api/v1/async/vad?request_id=${id}&webhook=${encodeURIComponent(hook)}`;
      const response = await fetch(`${server.url}${path}`, { method: 'POST', headers, body });
      if (response.status === 202) return id;
      await response.arrayBuffer();
      if (response.status !== 429) throw new Error(`job refused with ${response.status}`);
      await sleep(1_000 * Number(response.headers.get('retry-after') ?? 1));
    } catch (error) {
      if (/refused with/.test(error.message)) throw error;
      await sleep(100); // the server is being killed or started
    }
  }
}

const startedAt = Date.now();
const accepted = new Set();
let next = 0;
const senders = Array.from({ length: 8 }, async () => {
  while (next < count) accepted.add(await submit(next++));
});

async function killNow() {
  server.child.kill('SIGKILL');
  killedAt.push(Date.now());
  await server.closed;
  server = await startServer();
}
// The moments are random in the number of jobs answered, so that they fall into the work and not beside it.
const moments = Array.from({ length: kills }, () => Math.floor(chance() * count * 0.95)).sort((a, b) => a - b);
for (const moment of moments) {
  while (arrived.size < moment) await sleep(20);
  await sleep(chance() * 200);
  await killNow();
}
await Promise.all(senders);

/** Every job is over and its webhook delivered or dead; dead ones are sent again. */
let resent = 0;
for (;;) {
  const letters = await (await fetch(`${server.url}/v1/webhooks/dead-letters?limit=200`, { headers })).json();
  for (const { webhookId } of letters.deadLetters) {
    await fetch(`${server.url}/v1/webhooks/dead-letters/${webhookId}/resend`, { method: 'POST', headers });
    resent += 1;
  }
  if (arrived.size >= accepted.size) break;
  if (Date.now() - startedAt > 1_800_000) break;
  await sleep(500);
}

const statuses = {};
let mostTries = 0;
let cursor;
do {
  const query = cursor === undefined ? '' : `&cursor=${cursor}`;
  const page = await (await fetch(`${server.url}/v1/jobs?limit=200${query}`, { headers })).json();
  for (const job of page.jobs) {
    statuses[job.status] = (statuses[job.status] ?? 0) + 1;
    mostTries = Math.max(mostTries, job.tries);
  }
  cursor = page.cursor ?? undefined;
} while (cursor !== undefined);

for (const { times } of arrived.values()) {
  // A second time is right only where a kill lies between the two.
  for (let i = 1; i < times.length; i += 1) {
    if (!killedAt.some((at) => at >= times[i - 1] - 1 && at <= times[i])) repeatsWithoutCrash += 1;
  }
}
const many = [...arrived.values()];
const report = {
  jobs: count,
  accepted: accepted.size,
  kills: killedAt.length,
  statuses,
  answeredByWebhook: [...accepted].filter((id) => arrived.get(id)?.isAnswer).length,
  lost: [...accepted].filter((id) => !arrived.has(id)).length,
  jobsWithSeveralWebhookIds: many.filter(({ ids }) => ids.size > 1).length,
  sentTwiceAfterACrash: many.filter(({ times }) => times.length > 1).length,
  sentTwiceWithoutACrash: repeatsWithoutCrash,
  attempts,
  resentByHand: resent,
  badSignatures,
  mostTries,
  seconds: Math.round((Date.now() - startedAt) / 1000),
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
server.child.kill('SIGTERM');
await server.closed;
receiver.closeAllConnections();
receiver.close();
rmSync(store, { recursive: true, force: true });
const isRight = report.lost === 0 && report.jobsWithSeveralWebhookIds === 0 && repeatsWithoutCrash === 0;
process.exitCode = isRight && badSignatures === 0 && accepted.size === count ? 0 : 1;
