// What the operations of processes cost the database, in processor time: the input of the simulation.
//
//   npm run build && node scripts/simulation/measure.mjs [--write]
//
// Starts a PostgreSQL server of its own and calls the product's own code. Prints milliseconds of processor time; with --write they
// go into costs.json.
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import pg from 'pg';
import { KeptStreams } from '../../dist/src/api/keptStreams/keptStreams.js';
import { Database } from '../../dist/src/database/database.js';
import { openPostgresStore } from '../../dist/src/jobs/postgres/openPostgresStore.js';
import { startCluster } from '../setup/postgresCluster.mjs';
import { storeLimits } from './limits.mjs';
import { postgresCpu } from './postgresCpu.mjs';

const ROUNDS = 600;
const COSTS = new URL('./costs.json', import.meta.url);
/** Bytes that are kept of a stream with three voices after a minute. */
const LEARNT_BYTES = 24_000;

const cluster = await startCluster();
try {
  const server = postgresCpu(cluster.url);
  const found = {};
  /** Milliseconds of an operation: of the server, of this process, and until it answers. */
  const cost = async (name, count, work) => {
    for (let i = 0; i < Math.min(50, count); i += 1) await work(`warm-${i}`);
    const before = { server: server.seconds(), own: process.cpuUsage(), at: performance.now() };
    for (let i = 0; i < count; i += 1) await work(`${name}-${i}`);
    const own = process.cpuUsage(before.own);
    found[name] = rounded((1_000 * (server.seconds() - before.server)) / count);
    const [processMs, answerMs] = [(own.user + own.system) / 1_000 / count, (performance.now() - before.at) / count];
    console.log(
      `${name}: server ${found[name]} ms, process ${rounded(processMs)} ms, answered after ${rounded(answerMs)} ms`,
    );
  };
  await streams(cost);
  await jobs(cost);
  await notices();
  if (process.argv.includes('--write')) {
    const known = JSON.parse(readFileSync(COSTS, 'utf8'));
    writeFileSync(COSTS, `${JSON.stringify({ ...known, databaseMs: found }, undefined, 2)}\n`);
  }

  async function streams(cost) {
    const kept = await KeptStreams.open(cluster.url, 30_000);
    const row = (i, learnt) => ({
      ...{ sessionId: `s${i}`, tenantId: 'local', check: randomBytes(32), epoch: 1, expiresInMs: 45_000 },
      ...{ head: randomBytes(1_500), learnt },
    });
    await cost('streamWritten', ROUNDS, () =>
      kept.write(row(Math.floor(Math.random() * 100), randomBytes(LEARNT_BYTES))),
    );
    await cost('streamSilent', ROUNDS, () => kept.write(row(Math.floor(Math.random() * 100), undefined)));
    const many = (count) =>
      Promise.all(
        Array.from({ length: count }, (_, i) => kept.write(row(i, i % 2 ? randomBytes(LEARNT_BYTES) : undefined))),
      );
    await cost('streamsOfBatch40', 60, () => many(40));
    await kept[Symbol.asyncDispose]();
  }

  async function jobs(cost) {
    const store = await openPostgresStore(cluster.url, storeLimits);
    const { queue, outbox } = store;
    const task = { kind: 'vad', minNonSpeechMs: 0 };
    const add = (requestId) =>
      queue.add({
        ...{ tenantId: `t${requestId.length % 5}`, requestId: `${requestId}-${randomUUID()}`, call: '/v1/jobs', task },
        ...{ audio: { kind: 'stored', audioId: randomUUID(), bytes: 1_000_000 }, digest: randomUUID() },
        webhookUrl: 'https://example.org/hook',
      });
    const claims = [];
    const messages = [];
    await cost('jobAdded', ROUNDS, add);
    await cost('jobClaimed', ROUNDS, async () => claims.push(await queue.take()));
    await cost('jobHeartbeat', ROUNDS, () => queue.heartbeat(claims[Math.floor(Math.random() * claims.length)]));
    const result = {
      segments: Array.from({ length: 60 }, (_, i) => ({ start: i, end: i + 1, speakerId: 'somebody', score: 0.9 })),
    };
    await cost('jobSettled', claims.length - 50, () => queue.settle(claims.pop(), { result }));
    for (const claim of claims.splice(0)) await queue.settle(claim, { result });
    for (let claim = await queue.take(); claim; claim = await queue.take()) await queue.settle(claim, { result });
    await cost('jobLookedForInVain', ROUNDS, async () => {
      await queue.take();
      await queue.nextDueMs(Date.now());
    });
    await cost('messageClaimed', 500, async () => messages.push(await outbox.take(Date.now() + 1e6, 1e6)));
    await cost('messageDelivered', messages.length - 50, () => outbox.delivered(messages.pop().webhookId));
    for (
      let message = await outbox.take(Date.now() + 1e6, 1e6);
      message;
      message = await outbox.take(Date.now() + 1e6, 1e6)
    )
      await outbox.delivered(message.webhookId);
    await cost('messageLookedForInVain', ROUNDS, async () => {
      await outbox.take(Date.now(), 4);
      await outbox.nextDueMs(Date.now());
    });
    await cost('jobTick', ROUNDS, () => queue.isWork());
    await store[Symbol.asyncDispose]();
  }

  /** The feed's look, and a notice by the number of those who listen. */
  async function notices() {
    const database = await Database.open(cluster.url);
    const { ALL_TENANTS } = await import('../../dist/src/database/sql.js');
    for (let i = 0; i < 50; i += 1)
      await database.query(`t${i}`, `SELECT voice_prints.changed('people', $1)`, [`t${i}`]);
    const look =
      'SELECT topic, tenant_id AS "tenantId", version::text FROM voice_prints.changes WHERE version > $1 ORDER BY version';
    await cost('feedLook', ROUNDS, () => database.query(ALL_TENANTS, look, ['0']));
    const notify = () => database.query(ALL_TENANTS, `SELECT pg_notify('voice_prints', 'work')`);
    const listeners = [];
    const perCount = [];
    for (const count of [0, 20, 80]) {
      while (listeners.length < count) {
        const client = new pg.Client({ connectionString: cluster.url });
        await client.connect();
        await client.query('LISTEN voice_prints');
        listeners.push(client);
      }
      await cost(`notice${count}`, 300, notify);
      perCount.push([count, found[`notice${count}`]]);
    }
    found.noticeOfListener = rounded((perCount[2][1] - perCount[0][1]) / perCount[2][0]);
    await Promise.all(listeners.map((client) => client.end()));
    await database[Symbol.asyncDispose]();
  }
} finally {
  await cluster.end();
}

function rounded(ms) {
  return Math.round(ms * 1_000) / 1_000;
}
