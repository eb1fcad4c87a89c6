/**
 * How many realtime gRPC streams one core carries: `voice-prints serve` in a process of its own, clients in this one that
 * send the recording in chunks as time passes, each from another place of it.
 *
 *   npm run build && node scripts/bench/grpc.mjs CONVERSATION.wav [--streams 20] [--seconds 60] [--chunk 5] [--enroll SAMPLE.wav …]
 *
 * CPU is that of the server alone, all its threads (/proc). Each SAMPLE is enrolled as a person of its own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import { loadProto } from '../../dist/src/api/grpc/realtimeProto.js';

const { values, positionals } = parseArgs({
  options: {
    streams: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '60' },
    chunk: { type: 'string', default: '5' },
    enroll: { type: 'string', multiple: true, default: [] },
  },
  allowPositionals: true,
});
if (positionals.length !== 1) {
  console.error(
    'usage: node scripts/bench/grpc.mjs CONVERSATION.wav [--streams 20] [--seconds 60] [--chunk 5] [--enroll SAMPLE.wav …]',
  );
  process.exit(2);
}
const [streams, seconds, chunkSeconds] = [values.streams, values.seconds, values.chunk].map(Number);
const KEY = 'a-key-of-this-measurement';
/** 16-bit samples, mono, 16 kHz. */
const samples = readFileSync(positionals[0]).subarray(44);
const chunkBytes = chunkSeconds * 32_000;
const store = mkdtempSync(join(tmpdir(), 'voice-prints-bench-'));

/** CPU seconds of a process so far, user and system (proc(5): fields 14 and 15, in hundredths). */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const server = spawn(process.execPath, [main, 'serve', '--port', '0', '--grpc-port', '0', '--store', store], {
  env: { ...process.env, VOICE_PRINTS_API_KEYS: `bench:${KEY}` },
  stdio: ['ignore', 'pipe', 'inherit'],
});

try {
  const [line] = await once(createInterface({ input: server.stdout }), 'line');
  const { rest, grpc } = JSON.parse(line);
  for (const [i, file] of values.enroll.entries()) {
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'audio/wav' };
    const answer = await fetch(`${rest}/v1/speakers/p${i}/samples`, {
      method: 'POST',
      headers,
      body: readFileSync(file),
    });
    console.log(`enrolled p${i}: ${(await answer.json()).status}`);
  }
  const { deepaffectsrealtime: service } = loadPackageDefinition(loadProto());
  const client = new service.DeepAffectsRealtime(grpc, credentials.createInsecure());
  await stream(client, 0, 1); // the networks are loaded
  const [before, since] = [cpuSeconds(server.pid), performance.now()];
  const told = await Promise.all(
    Array.from({ length: streams }, (_, i) => stream(client, i, Math.floor(seconds / chunkSeconds))),
  );
  const cpu = cpuSeconds(server.pid) - before;
  const audioSeconds = told.length * Math.floor(seconds / chunkSeconds) * chunkSeconds;
  const waits = told.flat().sort((a, b) => a - b);
  const at = (part) => `${waits[Math.floor(part * (waits.length - 1))].toFixed(0)} ms`;
  client.close();
  console.log(
    `${streams} streams, chunks of ${chunkSeconds} s, ${audioSeconds} s of audio in ${((performance.now() - since) / 1000).toFixed(0)} s: ` +
      `CPU ${(cpu / audioSeconds).toFixed(4)} of real time, ${(audioSeconds / cpu).toFixed(0)} streams per core; ` +
      `from a chunk to its first answer: median ${at(0.5)}, 95 % ${at(0.95)}, at most ${at(1)}`,
  );
} finally {
  server.kill('SIGTERM');
  await once(server, 'close');
  rmSync(store, { recursive: true, force: true });
}

/** One client in real time; resolves with the wait for the first answer to each chunk, in ms. */
async function stream(client, number, chunks) {
  const metadata = new Metadata();
  metadata.set('apikey', KEY);
  metadata.set('encoding', 'pcm');
  metadata.set('samplerate', '16000');
  metadata.set('verbose', 'true'); // silence is answered, too
  const call = client.IdentifySpeaker(metadata);
  const sentAt = new Map();
  const waits = new Map();
  call.on('data', ({ id }) => {
    if (!waits.has(id)) waits.set(id, performance.now() - sentAt.get(id));
  });
  const ended = once(call, 'end');
  if (chunks > 1) await delay((number / streams) * chunkSeconds * 1000); // not all in one moment
  for (let id = 1; id <= chunks; id += 1) {
    const at = ((number * 7 + id) * chunkBytes) % Math.max(1, samples.length - chunkBytes);
    const even = at - (at % 2);
    sentAt.set(id, performance.now());
    call.write({ id, content: samples.subarray(even, even + chunkBytes).toString('base64') });
    if (id < chunks) await delay(chunkSeconds * 1000);
  }
  call.end();
  await ended;
  if (waits.size !== chunks) throw new Error(`${chunks - waits.size} chunks were not answered`);
  return [...waits.values()];
}
