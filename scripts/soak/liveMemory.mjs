// Ten files that play over and over at the pace of the clock, half of them MP3 and so decoded by a child that ends with
// every round: does memory grow while the engine names their speakers?
// node --expose-gc scripts/soak/liveMemory.mjs [MINUTES] [STREAMS]     (120 minutes, 10 streams; needs flite, ffmpeg)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEngine } from '../../dist/src/index.js';
import { openLive } from '../../dist/src/live.js';
import { speak } from '../demo/makeAudio.mjs';
import { conversation, people, visitor } from '../demo/scene.mjs';
import { writeWav } from '../demo/wav.mjs';

const [minutes = 120, streams = 10] = process.argv.slice(2).map(Number);
const RATE_HZ = 16_000;
const SAMPLE_EVERY_MS = 5_000;
/** What is loaded and filled once is no growth: a quarter of the time, ten minutes at most. */
const WARM_UP_MS = Math.min(minutes / 4, 10) * 60_000;
/** More growth than this part of the memory, by the fitted line over the time after the warm-up, is a failure. */
const MOST_GROWTH = 0.1;

const silence = new Int16Array(RATE_HZ / 2);

/** The demo's conversation, begun at another turn for each stream, so that they are never in step. */
function recordingsIn(folder) {
  const voices = Object.fromEntries([...people, visitor].map(({ id, voice }) => [id, voice]));
  const turns = conversation.map(([who, text]) => speak(voices[who], text));
  return Array.from({ length: streams }, (_, number) => {
    const first = (number * 5) % turns.length;
    const pieces = [...turns.slice(first), ...turns.slice(0, first)].flatMap((turn) => [turn, silence]);
    const wav = join(folder, `${number}.wav`);
    writeWav(wav, Int16Array.from(pieces.flatMap((piece) => [...piece])), RATE_HZ);
    if (number % 2 === 0) return wav;
    const mp3 = join(folder, `${number}.mp3`);
    execFileSync('ffmpeg', ['-v', 'error', '-i', wav, '-b:a', '64k', mp3]);
    return mp3;
  });
}

async function enrollPeople(engine, folder) {
  for (const { id, voice, samples } of people) {
    const sources = samples.map((text, i) => {
      const path = join(folder, `${id}-${i}.wav`);
      writeWav(path, speak(voice, text), RATE_HZ);
      return { kind: 'file', path };
    });
    const { status } = await engine.enroll({ speakerId: id, samples: sources });
    if (status !== 'complete') throw new Error(`a voiceprint is ${status}, not complete`);
  }
}

const counts = { finalTurns: 0, named: 0, relabels: 0, droppedSeconds: 0, highestLevel: 0 };

/** Hears one file until the signal; answers how many final turns it told. */
async function hear(engine, path, signal) {
  const audio = openLive({ kind: 'file', path, isLooped: true }, { signal });
  let turns = 0;
  for await (const event of engine.watch({ audio }).events()) {
    if (event.type === 'turn' && event.turn.isFinal) {
      turns += 1;
      if (event.turn.speakerId !== null) counts.named += 1;
    }
    if (event.type === 'relabel') counts.relabels += 1;
    if (event.type === 'dropped') counts.droppedSeconds += event.seconds;
    if (event.type === 'degraded') counts.highestLevel = Math.max(counts.highestLevel, event.level);
  }
  counts.finalTurns += turns;
  return turns;
}

const childCount = () =>
  readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  ).length;

function footprint(startedMs) {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const descriptors = readdirSync('/proc/self/fd').length;
  return { hours: (performance.now() - startedMs) / 3.6e6, rss, heapUsed, external, descriptors };
}

/** Least-squares line through one measure: megabytes per hour, its standard error, and megabytes at the first sample. */
function lineThrough(samples, key) {
  const n = samples.length;
  const mean = (of) => samples.reduce((sum, sample) => sum + of(sample), 0) / n;
  const [meanHours, meanMb] = [mean(({ hours }) => hours), mean((sample) => sample[key] / 1e6)];
  const spread = n * mean(({ hours }) => (hours - meanHours) ** 2);
  const slope = (n * mean((sample) => (sample.hours - meanHours) * (sample[key] / 1e6 - meanMb))) / spread;
  const rest = n * mean((sample) => (sample[key] / 1e6 - meanMb - slope * (sample.hours - meanHours)) ** 2);
  const firstMb = meanMb + slope * (samples[0].hours - meanHours);
  return { mbAnHour: slope, standardError: Math.sqrt(rest / (n - 2) / spread), firstMb };
}

async function measure(startedMs) {
  const samples = [];
  let toldMinutes = 0;
  while (performance.now() - startedMs < minutes * 60_000) {
    await sleep(SAMPLE_EVERY_MS);
    const sample = footprint(startedMs);
    samples.push(sample);
    if (sample.hours * 60 < toldMinutes + 1) continue;
    toldMinutes = Math.floor(sample.hours * 60);
    const [rss, heap] = [sample.rss, sample.heapUsed].map((bytes) => (bytes / 1e6).toFixed(1));
    console.error(`${toldMinutes} min: ${rss} MB, heap ${heap} MB, ${sample.descriptors} descriptors`);
  }
  return samples.filter(({ hours }) => hours * 3.6e6 >= WARM_UP_MS);
}

const round = (value) => Math.round(value * 10) / 10;
const folder = mkdtempSync(join(tmpdir(), 'live-memory-'));
const stop = new AbortController();
try {
  const files = recordingsIn(folder);
  const engine = await createEngine({ storeDirectory: join(folder, 'store') });
  await enrollPeople(engine, folder);
  const startedMs = performance.now();
  const listening = files.map((path) => hear(engine, path, stop.signal));
  const cpuBefore = process.cpuUsage();
  const ended = Promise.all(listening).then(() => {
    throw new Error('every stream ended by itself');
  });
  const samples = await Promise.race([measure(startedMs), ended]);
  const { user, system } = process.cpuUsage(cpuBefore);
  const seconds = (performance.now() - startedMs) / 1_000;
  stop.abort();
  const turnsOfStreams = await Promise.all(listening);
  const unknownVoices = (await engine.speakers().unknowns()).length;
  await engine[Symbol.asyncDispose]();
  const lines = Object.fromEntries(['rss', 'heapUsed', 'external'].map((key) => [key, lineThrough(samples, key)]));
  const hours = samples.at(-1).hours - samples[0].hours;
  const growth = (lines.rss.mbAnHour * hours) / lines.rss.firstMb;
  const halves = [samples.slice(0, samples.length >> 1), samples.slice(samples.length >> 1)];
  const report = {
    ...{ minutes, streams, measuredMinutes: round(hours * 60), samples: samples.length },
    memory: Object.fromEntries(
      Object.entries(lines).map(([key, line]) => [
        key,
        Object.fromEntries(Object.entries(line).map(([name, value]) => [name, round(value)])),
      ]),
    ),
    rssMb: [samples[0], samples.at(-1)].map(({ rss }) => round(rss / 1e6)),
    growthPercent: round(100 * growth),
    mostDescriptors: halves.map((half) => Math.max(...half.map(({ descriptors }) => descriptors))),
    ...{ ...counts, droppedSeconds: round(counts.droppedSeconds), unknownVoices },
    fewestTurnsOfAStream: Math.min(...turnsOfStreams),
    cpuOfRealTime: Math.round((1e4 * (user + system)) / 1e6 / (seconds * streams)) / 1e4,
    childrenLeft: childCount(),
  };
  console.log(JSON.stringify(report, null, 1));
  const isGood = growth < MOST_GROWTH && report.fewestTurnsOfAStream > 0 && report.childrenLeft === 0;
  process.exitCode = isGood ? 0 : 1;
} finally {
  stop.abort();
  rmSync(folder, { recursive: true, force: true });
}
