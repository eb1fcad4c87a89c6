// CPU that reading a recording takes, as a part of one core (real-time factor). Run after `npm run build`:
//   node scripts/bench/decode.mjs [seconds of audio, 600 by default]
// Prints one JSON object per line. GStreamer's CPU is that of the child process.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRecording } from '../../dist/src/audio/openRecording.js';
import { writeWav } from '../../dist/src/audio/samples/wavWriter.js';

const seconds = Number(process.argv[2] ?? 600);
const folder = mkdtempSync(join(tmpdir(), 'bench-decode-'));
const limits = { maxBytes: 2 ** 40, maxDurationMs: 1e9, maxDecodeMs: 1e9 };

/** CPU seconds of the children that have ended (Linux: fields 16 and 17 of stat, 100 ticks per second). */
async function childCpu() {
  const { readFile } = await import('node:fs/promises');
  const fields = (await readFile('/proc/self/stat', 'utf8')).split(') ')[1].split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

async function measure(name, source, options) {
  const own = process.cpuUsage();
  const children = await childCpu();
  const since = performance.now();
  const recording = await openRecording(source, limits, new AbortController().signal, options);
  let samples = 0;
  for await (const frame of recording.frames()) samples += frame.samples.length;
  await recording[Symbol.asyncDispose]();
  const { user, system } = process.cpuUsage(own);
  const audioSeconds = samples / 16_000;
  console.log(
    JSON.stringify({
      name,
      audioSeconds,
      ownRealTimeFactor: Number(((user + system) / 1e6 / audioSeconds).toFixed(6)),
      childRealTimeFactor: Number((((await childCpu()) - children) / audioSeconds).toFixed(6)),
      wallSeconds: Number(((performance.now() - since) / 1000).toFixed(2)),
      peakRssMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
    }),
  );
}

try {
  for (const rateHz of [16_000, 8_000, 44_100, 48_000]) {
    const samples = Float32Array.from({ length: rateHz * seconds }, (_, i) => 0.3 * Math.sin(i * i * 1e-7));
    writeFileSync(join(folder, `${rateHz}.wav`), writeWav(samples, rateHz));
    await measure(`wav s16le ${rateHz} Hz`, { kind: 'file', path: join(folder, `${rateHz}.wav`) });
  }
  const withoutGStreamer = { gstLaunchCommand: 'no-such-command' };
  for (const extension of ['flac', 'mp3', 'm4a', 'opus']) {
    const path = join(folder, `speech.${extension}`);
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', join(folder, '44100.wav'), '-b:a', '64k', path]);
    await measure(`${extension} 44100 Hz, GStreamer`, { kind: 'file', path });
    if (extension !== 'm4a')
      await measure(`${extension} 44100 Hz, WebAssembly`, { kind: 'file', path }, withoutGStreamer);
  }
} finally {
  rmSync(folder, { recursive: true });
}
