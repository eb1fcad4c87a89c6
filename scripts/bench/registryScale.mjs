// How long the voiceprint store takes with many people: node scripts/bench/registryScale.mjs [people] [key]
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { LowdbRegistry } from '../../dist/src/registry/lowdbRegistry.js';

const people = Number(process.argv[2] ?? 1_000);
const encryptionKey = process.argv[3];
const EXEMPLARS = 10;
const DIMENSIONS = 192;
const WRITES = 20;

const embedding = () => ({
  modelId: 'm',
  values: Float32Array.from({ length: DIMENSIONS }, () => Math.random() - 0.5),
});
const voiceprint = (id) => ({
  id,
  tenantId: 't',
  name: id,
  languageCode: 'en-US',
  exemplars: Array.from({ length: EXEMPLARS }, () => ({
    embedding: embedding(),
    speechMs: 8_000,
    snrDb: 25,
    bandwidthHz: 7_500,
    enrolledAtMs: 0,
  })),
  mean: embedding(),
  speechMs: 80_000,
  audioMs: 90_000,
  quality: 'high',
  isComplete: true,
  consent: undefined,
  createdAtMs: 0,
  updatedAtMs: 0,
});

async function msOf(work) {
  const begun = performance.now();
  await work();
  return Math.round((performance.now() - begun) * 10) / 10;
}

const folder = await mkdtemp(join(tmpdir(), 'voice-prints-scale-'));
try {
  const registry = await LowdbRegistry.open(folder, { encryptionKey });
  const everyone = Array.from({ length: people }, (_, i) => voiceprint(`p${i}`));
  const fillMs = await msOf(() => registry.putAll('t', everyone, { replace: false }));
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const writes = [];
  const cpu = process.cpuUsage();
  for (let i = 0; i < WRITES; i += 1)
    writes.push(await msOf(() => registry.update('t', `p${i}`, () => voiceprint(`p${i}`))));
  const { user, system } = process.cpuUsage(cpu);
  delay.disable();
  writes.sort((a, b) => a - b);
  const togetherMs = await msOf(() =>
    Promise.all(Array.from({ length: 50 }, (_, i) => registry.update('t', `p${i}`, () => voiceprint(`p${i}`)))),
  );
  const getMs = await msOf(() => registry.get('t', 'p1'));
  const listMs = await msOf(() => registry.list('t'));
  await registry[Symbol.asyncDispose]();
  let again;
  const openMs = await msOf(async () => {
    again = await LowdbRegistry.open(folder, { encryptionKey });
  });
  await again[Symbol.asyncDispose]();
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size));
  const size = sizes.reduce((sum, one) => sum + one, 0);
  console.log(
    JSON.stringify({
      people,
      exemplars: EXEMPLARS,
      isEncrypted: encryptionKey !== undefined,
      megabytes: Math.round(size / 1e5) / 10,
      files: files.length,
      fillMs,
      putCpuMs: Math.round((user + system) / WRITES / 100) / 10,
      putMedianMs: writes[WRITES / 2],
      putWorstMs: writes.at(-1),
      fiftyPutsTogetherMs: togetherMs,
      longestLoopDelayMs: Math.round(delay.max / 1e6),
      getMs,
      listMs,
      openMs,
    }),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
