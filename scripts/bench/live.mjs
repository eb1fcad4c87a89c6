/**
 * Live streams per core: CPU seconds of this process, all threads and all stages, per second of live audio.
 *
 *   npm run build && node scripts/bench/live.mjs CONVERSATION.wav... [--streams 16] [--seconds 60] [--threads 1] [--real-time]
 *
 * Each stream hears one of the recordings, each from another place on, for so many seconds; people enrolled: --enrol
 * FOLDER of WAV files, one person each. Streams are given as fast as they are taken, or, with --real-time, as a source
 * would give them, through a channel that holds two seconds and drops the oldest.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openRecording } from '../../dist/src/audio/openRecording.js';
import { createEngine } from '../../dist/src/engine/createEngine.js';
import { wholeRecording } from '../../dist/src/engine/recording/wholeRecording.js';
import { Channel } from '../../dist/src/stream/channel.js';

const { values, positionals } = parseArgs({
  options: {
    streams: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '60' },
    threads: { type: 'string', default: '1' },
    enrol: { type: 'string' },
    model: { type: 'string' },
    'real-time': { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
if (positionals.length === 0) {
  console.error('usage: node scripts/bench/live.mjs CONVERSATION.wav... [--streams 16] [--seconds 60] [--real-time]');
  process.exit(2);
}
const RATE = 16_000;
const FRAME = 512;
const CHANNEL_FRAMES = 63; // two seconds
const LIMITS = { maxBytes: 2 ** 31, maxDurationMs: 14_400_000, maxDecodeMs: 900_000 };
const streams = Number(values.streams);
const frames = Math.ceil((Number(values.seconds) * RATE) / FRAME);

const recordings = [];
for (const path of positionals) {
  const signal = new AbortController().signal;
  recordings.push(await wholeRecording(await openRecording({ kind: 'file', path }, LIMITS, signal)));
}

/** Frame `i` of stream `number`: the recordings go round and round. */
function frameOf(number, i) {
  const recording = recordings[number % recordings.length];
  const whole = Math.floor(recording.length / FRAME);
  const at = ((i + number * 97) % whole) * FRAME;
  return { samples: recording.slice(at, at + FRAME), sampleRateHz: RATE, startSample: i * FRAME };
}

async function* asFastAsTaken(number) {
  for (let i = 0; i < frames; i += 1) yield { type: 'audio', frame: frameOf(number, i) };
}

async function* loading() {
  for (let i = 0; i < 200; i += 1) yield { type: 'audio', frame: frameOf(0, i) };
}

function inRealTime(number, counts) {
  const channel = new Channel(CHANNEL_FRAMES, () => {
    counts.dropped += 1;
  });
  const push = async () => {
    const startedAtMs = performance.now();
    for (let i = 0; i < frames; i += 1) {
      await sleep(startedAtMs + ((i + 1) * 1000 * FRAME) / RATE - performance.now());
      channel.push({ type: 'audio', frame: frameOf(number, i) });
    }
    channel.close();
  };
  void push();
  return channel;
}

async function hear(engine, number, counts) {
  const audio = values['real-time'] ? inRealTime(number, counts) : asFastAsTaken(number);
  for await (const event of engine.watch({ audio }).events()) {
    if (event.type === 'turn' && event.turn.isFinal) counts.turns += 1;
    if (event.type === 'degraded') counts.degraded = Math.max(counts.degraded, event.level);
  }
}

const storeDirectory = mkdtempSync(join(tmpdir(), 'voice-prints-bench-'));
const engine = await createEngine({
  storeDirectory,
  workerThreads: Number(values.threads),
  ...(values.model ? { model: values.model } : {}),
});
try {
  for (const file of values.enrol ? readdirSync(values.enrol).filter((name) => name.endsWith('.wav')) : []) {
    const speakerId = file.replace(/\.wav$/, '').replaceAll(/\W/g, '_');
    await engine.enroll({ speakerId, samples: [{ kind: 'file', path: join(values.enrol, file) }] });
  }
  const enrolled = (await engine.speakers().list()).filter(({ isComplete }) => isComplete).length;
  const counts = { turns: 0, degraded: 0, dropped: 0 };
  // The networks are loaded once, however long streams go on: that is not what a stream costs.
  for await (const _ of engine.watch({ audio: loading() }).events());
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const before = process.cpuUsage();
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: streams }, (_, number) => hear(engine, number, counts)));
  const { user, system } = process.cpuUsage(before);
  const wallSeconds = (performance.now() - startedAtMs) / 1000;
  const streamSeconds = (streams * frames * FRAME) / RATE;
  const cpu = (user + system) / 1e6 / streamSeconds;
  console.log(
    `${streams} streams of ${values.seconds} s, ${enrolled} people enrolled: CPU ${cpu.toFixed(5)} per second of audio, ${(1 / cpu).toFixed(0)} streams per core; ` +
      `${wallSeconds.toFixed(0)} s on the wall, ${counts.turns} turns, highest level of delay ${counts.degraded}, frames dropped ${counts.dropped}, ` +
      `event-loop delay p99 ${(delay.percentile(99) / 1e6).toFixed(0)} ms, memory ${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MB`,
  );
} finally {
  await engine[Symbol.asyncDispose]();
  rmSync(storeDirectory, { recursive: true, force: true });
}
