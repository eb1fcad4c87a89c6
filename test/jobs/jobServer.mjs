// Serves jobs of a folder until it is killed; prints its address. What the audio says decides what a job does.
// FOLDER ALLOWED_HOST [DATABASE_URL]
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiKeys } from '../../dist/src/api/access/apiKeys.js';
import { AsyncJobs } from '../../dist/src/api/asyncJobs.js';
import { serve } from '../../dist/src/api/serve.js';

const [, , storeDirectory, allowedHost, databaseUrl] = process.argv;
const collected = async (stream) => {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return pieces;
};
const textOf = async ({ stream }) => Buffer.concat(await collected(stream)).toString();

const engine = {
  storeDirectory,
  place: { storeDirectory, databaseUrl },
  speakers: () => ({ list: async () => [] }),
  onErased: () => () => undefined,
  identify: async ({ source }) => {
    const text = await textOf(source);
    if (text === 'ends the process') process.kill(process.pid, 'SIGKILL');
    if (text.startsWith('takes its time')) await sleep(300);
    return { durationSeconds: text.length, model: `process ${process.pid}`, segments: [], warnings: [] };
  },
};
const allowHosts = allowedHost ? [allowedHost] : [];
const jobs = new AsyncJobs({ engine, allowHosts, settings: { retryMs: 20, webhookRetryMs: 50, concurrency: 2 } });
await jobs.open();
const keys = ApiKeys.fromPairs('acme:acme-key');
const server = await serve({ engine, keys, jobs: jobs.open, port: 0, options: { allowHosts } });
process.stdout.write(`${server.url}\n`);
