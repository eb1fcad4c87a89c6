// A camera that is killed, frozen and started again at random moments while it is listened to. After each blow audio must
// come back, and in the end there must be no more descriptors, children and memory than after the first few.
//
//   npm run build && node --expose-gc scripts/soak/rtspReconnects.mjs [BLOWS] [SEED]     (100 blows, seed 1)
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openLive } from '../../dist/src/live.js';

const blows = Number(process.argv[2] ?? 100);
let seed = Number(process.argv[3] ?? 1);
const WARM_UP_BLOWS = Math.min(5, Math.floor(blows / 3));
/** Silence for this long after a blow is a failure. */
const PATIENCE_MS = 120_000;

const lot = () => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  return seed / 0x7fff_ffff;
};

const folder = mkdtempSync(join(tmpdir(), 'rtsp-soak-'));
const song = join(folder, 'song.raw');
writeFileSync(song, Buffer.from(Int16Array.from({ length: 160_000 }, (_, i) => 8_000 * Math.sin(i / 9)).buffer));

let camera;
async function startCamera(port) {
  const program = fileURLToPath(new URL('../../test/peers/rtspServer.py', import.meta.url));
  camera = spawn('/usr/bin/python3', [program, `${port}`, song], { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  for await (const chunk of camera.stdout) {
    said += chunk;
    const ready = /ready (\d+)\n/.exec(said);
    if (ready) return Number(ready[1]);
  }
  throw new Error('the camera did not start');
}
const killCamera = () => new Promise((resolve) => camera.once('exit', resolve) && camera.kill('SIGKILL'));

/** Children of this process but for the camera. */
const children = () =>
  readdirSync('/proc/self/task')
    .flatMap((task) => readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' '))
    .filter((pid) => pid && pid !== `${camera.pid}`).length;

function footprint() {
  globalThis.gc?.();
  const rssMb = process.memoryUsage().rss / 1e6;
  return { descriptors: readdirSync('/proc/self/fd').length, children: children(), rssMb: Math.round(rssMb * 10) / 10 };
}

const port = await startCamera(0);
const stop = new AbortController();
const source = { kind: 'rtsp', url: `rtsp://127.0.0.1:${port}/pcmu`, transport: 'tcp' };
const audio = openLive(source, { signal: stop.signal });
const heard = { lastMs: 0, samples: 0, lastEnd: 0, states: {} };
const listening = (async () => {
  for await (const item of audio) {
    if (item.type === 'state')
      heard.states[item.state.code ?? item.state.status] =
        (heard.states[item.state.code ?? item.state.status] ?? 0) + 1;
    if (item.type !== 'audio') continue;
    if (item.frame.startSample < heard.lastEnd) throw new Error('the time line ran backwards');
    heard.lastEnd = item.frame.startSample + item.frame.samples.length;
    heard.samples += item.frame.samples.length;
    heard.lastMs = performance.now();
  }
})();

const BLOWS = {
  async kill() {
    await killCamera();
    await sleep(3_000 * lot());
    await startCamera(port);
  },
  async freeze() {
    camera.kill('SIGSTOP');
    await sleep(9_000 * lot());
    camera.kill('SIGCONT');
  },
  async restart() {
    await killCamera();
    await startCamera(port);
  },
};

/** Half a second of audio after now; answers how long that took. */
async function comesBack() {
  const [sinceMs, samples] = [performance.now(), heard.samples];
  while (heard.samples < samples + 8_000) {
    if (performance.now() - sinceMs > PATIENCE_MS) throw new Error(`silent for ${PATIENCE_MS} ms after a blow`);
    await sleep(20);
  }
  return performance.now() - sinceMs;
}

await comesBack();
const waits = [];
const counts = { kill: 0, freeze: 0, restart: 0 };
let before;
for (let blow = 0; blow < blows; blow += 1) {
  await sleep(6_000 * lot());
  const kind = Object.keys(BLOWS)[Math.floor(3 * lot())];
  await BLOWS[kind]();
  counts[kind] += 1;
  waits.push(await comesBack());
  if (blow + 1 === WARM_UP_BLOWS) before = footprint();
}
const after = footprint();
const wallSamples = Math.round((Date.now() - audio.startedAtMs) * 16);
const offMs = Math.round((wallSamples - heard.lastEnd) / 16);
stop.abort();
const endedMs = performance.now();
await listening;
const stopMs = Math.round(performance.now() - endedMs);
const left = children();
await killCamera();
rmSync(folder, { recursive: true });
waits.sort((a, b) => a - b);
const backSeconds = { median: waits[waits.length >> 1] / 1_000, worst: waits.at(-1) / 1_000 };
console.log(
  JSON.stringify({ blows, counts, backSeconds, before, after, states: heard.states, offMs, stopMs, left }, null, 1),
);
if (left > 0 || after.children > before.children || after.descriptors > before.descriptors) process.exitCode = 1;
