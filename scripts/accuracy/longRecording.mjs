// Memory and time for a long recording: node scripts/accuracy/longRecording.mjs CONVERSATION.wav [--minutes 180] [--model ID|FILE] [--segmentation ID|FILE|off]
// The conversation (16 kHz mono 16-bit WAV, e.g. one that dialogues.mjs made) is repeated as a stream of raw samples.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openRecording } from '../../dist/src/audio/openRecording.js';
import { identifyRecording } from '../../dist/src/engine/recording/identifyRecording.js';
import { someOf } from '../../dist/src/engine/voiceprints/nameable.js';
import { openCompute } from './speakerModel.mjs';

const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string', default: '180' }, model: { type: 'string' }, segmentation: { type: 'string' } },
  allowPositionals: true,
});
const samples = readFileSync(positionals[0]).subarray(44);
const wanted = Number(values.minutes) * 60 * 32_000;

async function* repeated() {
  for (let sent = 0; sent < wanted; sent += samples.length)
    yield samples.subarray(0, Math.min(samples.length, wanted - sent));
}

const signal = new AbortController().signal;
const limits = { maxBytes: 2 ** 32, maxDurationMs: 24 * 3_600_000, maxDecodeMs: 3_600_000 };
const rawFormat = { encoding: 's16le', sampleRateHz: 16_000, channels: 1 };
const compute = await openCompute(values.model, values.segmentation ?? null);
const spent = { detectSpeech: 0, embed: 0, resolveVoices: 0, measureQuality: 0 };
// Threads are busy with one task at a time here (one thread), so that the time of a call is the time of its work.
const timed = new Proxy(compute, {
  get(target, name) {
    const value = Reflect.get(target, name, target);
    if (!(name in spent)) return typeof value === 'function' ? value.bind(target) : value;
    return async (...args) => {
      const from = process.cpuUsage();
      const startedAt = performance.now();
      try {
        return await value.apply(target, args);
      } finally {
        spent[name] +=
          name === 'resolveVoices'
            ? (process.cpuUsage(from).user + process.cpuUsage(from).system) / 1e6
            : (performance.now() - startedAt) / 1000;
      }
    };
  },
});
const before = process.cpuUsage();
const answer = await identifyRecording(
  {
    compute: timed,
    openRecording: () => openRecording({ kind: 'stream', stream: repeated(), rawFormat }, limits, signal),
  },
  { people: someOf([], compute.model.id), falseAcceptPercent: 1 },
  { signal },
);
const { user, system } = process.cpuUsage(before);
const peakKb = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
const seconds = answer.durationSeconds;
console.log(
  `${(seconds / 60).toFixed(0)} min: peak memory ${(peakKb / 1024).toFixed(0)} MB, CPU ${((user + system) / 1e6).toFixed(1)} s (${((user + system) / 1e6 / seconds).toFixed(4)} of real time)`,
);
console.log(
  `clustering and naming ${spent.resolveVoices.toFixed(1)} s; ${answer.segments.length} turns of ${new Set(answer.segments.map(({ cluster }) => cluster)).size} voices`,
);
await compute[Symbol.asyncDispose]();
