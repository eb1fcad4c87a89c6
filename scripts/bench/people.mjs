// What an enrolment, a recording of two minutes and a live stream of two minutes cost with so many people enrolled:
//   node scripts/bench/people.mjs [--people 10,1000,20000,100000] [--samples 3]
// Most people are random unit vectors; those who speak are the voices of the examples. Processor time and memory are of a process that has
// done the same once before; `load` is what it took to read everybody. Nothing is decided by the clock, so a busy machine may be used.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openRecording } from '../../dist/src/audio/openRecording.js';
import { createEngine } from '../../dist/src/index.js';
import { LowdbRegistry } from '../../dist/src/registry/lowdbRegistry.js';

const { values, positionals } = parseArgs({
  options: { people: { type: 'string', default: '10,1000,20000,100000' }, samples: { type: 'string', default: '3' } },
  allowPositionals: true,
});
const RATE_HZ = 16_000;
const AUDIO = fileURLToPath(new URL('../../examples/audio', import.meta.url));
const LIMITS = { maxDurationMs: 600_000, maxBytes: 1e8, maxDecodeMs: 120_000 };
const never = new AbortController().signal;

function unit(values) {
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}

async function fill(folder, people, samples) {
  const engine = await createEngine({ storeDirectory: folder });
  const { id: modelId, dimensions } = engine.model;
  await engine[Symbol.asyncDispose]();
  const random = () => unit(Float32Array.from({ length: dimensions }, () => Math.random() + Math.random() - 1));
  const voiceprint = (n) => {
    const mean = random();
    const near = () => unit(random().map((value, i) => 0.6 * value + mean[i]));
    const exemplars = samples === 1 ? [mean] : Array.from({ length: samples }, near);
    return {
      id: `p${n}`,
      tenantId: 'local',
      name: `Person ${n}`,
      languageCode: 'en-US',
      exemplars: exemplars.map((embedding) => ({
        embedding: { modelId, values: embedding },
        speechMs: 8_000,
        snrDb: 25,
        bandwidthHz: 7_500,
        enrolledAtMs: n,
      })),
      mean: { modelId, values: mean },
      speechMs: 8_000 * samples,
      audioMs: 9_000 * samples,
      quality: 'high',
      isComplete: true,
      consent: undefined,
      createdAtMs: n,
      updatedAtMs: n,
    };
  };
  const registry = await LowdbRegistry.open(folder);
  const everybody = Array.from({ length: people }, (_, n) => voiceprint(n));
  await registry.putAll('local', everybody, { replace: false });
  await registry[Symbol.asyncDispose]();
}

/** Two minutes of the voices of the examples. */
async function speech() {
  const pieces = [];
  for (const name of (await readdir(AUDIO)).sort()) {
    const recording = await openRecording({ kind: 'file', path: join(AUDIO, name) }, LIMITS, never);
    for await (const { samples } of recording.frames()) pieces.push(samples);
    await recording[Symbol.asyncDispose]();
  }
  const length = 120 * RATE_HZ;
  const out = new Float32Array(length);
  for (let at = 0, n = 0; at < length; n += 1) {
    const piece = pieces[n % pieces.length].subarray(0, length - at);
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

const pcm = (samples) =>
  Buffer.from(Int16Array.from(samples, (value) => Math.round(32_767 * Math.max(-1, Math.min(1, value)))).buffer);
const raw = (samples) => ({
  kind: 'bytes',
  bytes: pcm(samples),
  rawFormat: { encoding: 's16le', sampleRateHz: RATE_HZ, channels: 1 },
});

async function* live(samples) {
  for (let at = 0; at < samples.length; at += 1_600) {
    yield { type: 'audio', frame: { samples: samples.slice(at, at + 1_600), sampleRateHz: RATE_HZ, startSample: at } };
  }
}

async function cpuOf(work) {
  const before = process.cpuUsage();
  const answer = await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: Math.round((user + system) / 1e4) / 100, answer };
}

async function measure(folder, people) {
  const samples = await speech();
  const engine = await createEngine({ storeDirectory: folder, workerThreads: 1 });
  const load = await cpuOf(() => engine.speakers().list());
  const identify = () => engine.identify({ source: raw(samples) });
  const watch = async () => {
    const session = engine.watch({ audio: live(samples) });
    let turns = 0;
    for await (const event of session.events()) if (event.type === 'turn' && event.turn.isFinal) turns += 1;
    return turns;
  };
  const enrol = (speakerId) => engine.enroll({ speakerId, samples: [raw(samples.slice(0, 12 * RATE_HZ))] });
  await identify();
  await watch();
  await enrol('warm');
  await engine.speakers().delete('warm');
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const identified = await cpuOf(identify);
  delay.enable();
  const watched = await cpuOf(watch);
  delay.disable();
  const liveLongestLoopDelayMs = Math.round(delay.max / 1e6);
  delay.reset();
  const { bytes } = await writtenBy(folder, async () => {
    delay.enable();
    const enrolled = await cpuOf(() => enrol('anna'));
    delay.disable();
    await engine.speakers().delete('anna');
    Object.assign(identified, { enrolled });
  });
  await engine[Symbol.asyncDispose]();
  console.log(
    JSON.stringify({
      people,
      loadCpuSeconds: load.seconds,
      identifyCpuSeconds: identified.seconds,
      liveCpuSeconds: watched.seconds,
      liveTurns: watched.answer,
      liveLongestLoopDelayMs,
      enrolCpuSeconds: identified.enrolled.seconds,
      enrolWrittenKilobytes: Math.round(bytes / 1_000),
      enrolLongestLoopDelayMs: Math.round(delay.max / 1e6),
      maxResidentMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
    }),
  );
}

/** Bytes of the files that are others afterwards. */
async function writtenBy(folder, work) {
  const versions = async () => {
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const stats = files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const { ino, mtimeMs, size } = await stat(path);
      return [path, { version: `${ino} ${mtimeMs}`, size }];
    });
    return new Map(await Promise.all(stats));
  };
  const before = await versions();
  await work();
  const changed = [...(await versions())].filter(([path, { version }]) => before.get(path)?.version !== version);
  return { bytes: changed.reduce((sum, [, { size }]) => sum + size, 0) };
}

if (positionals[0] === 'fill') await fill(positionals[1], Number(positionals[2]), Number(positionals[3]));
else if (positionals[0] === 'measure') await measure(positionals[1], Number(positionals[2]));
else {
  for (const people of values.people.split(',')) {
    const folder = await mkdtemp(join(tmpdir(), 'voice-prints-people-'));
    try {
      for (const step of [
        ['fill', folder, people, values.samples],
        ['measure', folder, people],
      ]) {
        const { status } = spawnSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), ...step], {
          stdio: 'inherit',
        });
        if (status !== 0) process.exit(1);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
