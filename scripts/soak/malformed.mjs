// Malformed requests: schemathesis on the OpenAPI document of a running server. No 5xx, no crash, no growth.
// node --expose-gc scripts/soak/malformed.mjs [--examples 30] [--rounds 3] [--seed 1] [--program PATH]
// --program: schemathesis 4 (pip install schemathesis), by default the one on the search path; SCHEMATHESIS=PATH does the same.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ApiKeys } from '../../dist/src/api/access/apiKeys.js';
import { AsyncJobs } from '../../dist/src/api/asyncJobs.js';
import { serve } from '../../dist/src/api/serve.js';
import { createEngine } from '../../dist/src/index.js';

const { values } = parseArgs({
  options: {
    examples: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    program: { type: 'string', default: process.env.SCHEMATHESIS ?? 'schemathesis' },
  },
});
if (spawnSync(values.program, ['--version']).status !== 0) {
  console.error(
    'schemathesis is missing; pip install it into a virtual environment, and give --program ENV/bin/schemathesis',
  );
  process.exit(1);
}
const MAX_GROWTH_MIB = 16;
const KEY = 'soak-key';
const settings = fileURLToPath(new URL('malformed.toml', import.meta.url));
const storeDirectory = mkdtempSync(join(tmpdir(), 'voice-prints-malformed-'));

/** Answers by their status, and faults of ours. */
const statuses = new Map();
const faults = [];

const engine = await createEngine({ storeDirectory });
const jobs = new AsyncJobs({ engine, onFault: ({ code }) => faults.push(code) });
await jobs.open();
const server = await serve({
  ...{ engine, keys: ApiKeys.fromPairs(`soak:${KEY}`), jobs: jobs.open, port: 0 },
  options: {
    // Wrong keys are part of it: a server that slows down who guesses would show nothing but that.
    limits: { maxWrongKeysPerMinute: Number.MAX_SAFE_INTEGER },
    onCall: ({ status }) => statuses.set(status, (statuses.get(status) ?? 0) + 1),
    onFailure: ({ code }) => faults.push(code),
  },
});

async function round(seed) {
  const words = ['--config-file', settings, 'run', `${server.url}/v1/openapi.json`];
  words.push('--header', `Authorization: Bearer ${KEY}`, '--max-examples', values.examples, '--seed', `${seed}`);
  words.push('--phases', 'examples,coverage,fuzzing', '--continue-on-failure', '--no-shrink', '--warnings', 'off');
  const child = spawn(values.program, words, { stdio: 'inherit', cwd: storeDirectory });
  const [code] = await once(child, 'exit');
  return code === 0;
}

const heapMiB = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

let isConforming = true;
let firstMiB = Number.NaN;
try {
  for (let i = 0; i < Number(values.rounds); i += 1) {
    isConforming = (await round(Number(values.seed) + i)) && isConforming;
    if (i === 0) firstMiB = heapMiB();
  }
  const growthMiB = heapMiB() - firstMiB;
  const alive = await fetch(`${server.url}/v1/speakers`, { headers: { authorization: `Bearer ${KEY}` } });
  const calls = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  const of5xx = [...statuses].reduce((sum, [status, count]) => (status >= 500 ? sum + count : sum), 0);
  const byStatus = Object.fromEntries([...statuses].sort(([a], [b]) => a - b));
  console.log(
    JSON.stringify({ calls, of5xx, faults, byStatus, growthMiB: Number(growthMiB.toFixed(1)), isConforming }),
  );
  const isGood = calls >= 1 && of5xx === 0 && faults.length === 0 && alive.status === 200 && growthMiB < MAX_GROWTH_MIB;
  process.exitCode = isGood && isConforming ? 0 : 1;
} finally {
  await server.close();
  await jobs[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  rmSync(storeDirectory, { recursive: true, force: true });
}
