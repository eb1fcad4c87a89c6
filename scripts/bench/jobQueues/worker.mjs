// A worker over one queue: says when it is warm, works when it is told to, and prints its processor time when its input ends.
// FOLDER DATABASE_URL
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { AsyncJobs } from '../../../dist/src/api/asyncJobs.js';
import { createEngine } from '../../../dist/src/index.js';

const [, , storeDirectory, databaseUrl] = process.argv;
const audio = await readFile(fileURLToPath(new URL('../../../examples/audio/conversation.ogg', import.meta.url)));
const engine = await createEngine({ storeDirectory, databaseUrl, workerThreads: 1 });
await engine.identify({ source: { kind: 'bytes', bytes: audio } });
process.stdout.write('warm\n');
await once(process.stdin, 'data');

let done = 0;
const identify = engine.identify.bind(engine);
engine.identify = (...call) => {
  done += 1;
  return identify(...call);
};
const before = process.cpuUsage();
const own = new AsyncJobs({ engine, settings: { concurrency: 1 } });
await own.open();
await once(process.stdin.resume(), 'end');
const { user, system } = process.cpuUsage(before);
process.stdout.write(`${JSON.stringify({ cpuMs: (user + system) / 1_000, jobs: done })}\n`);
await own[Symbol.asyncDispose]();
await engine[Symbol.asyncDispose]();
process.exit(0);
