/**
 * What HTTP costs: clips of 10 s identified over REST, several clients at once, against the same engine called directly by
 * as many callers, in turn in one run.
 *
 *   npm run build && node scripts/bench/http.mjs CONVERSATION.wav [--clients 4] [--clips 20] [--rounds 6] [--enroll SAMPLE.wav …]
 *
 * The clients run in this process too, so that what they cost counts against HTTP. CONVERSATION is 16-bit mono at 16 kHz
 * with a header of 44 bytes; each clip is another place of it, the same ones on both ways. Each SAMPLE is enrolled as a person.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ApiKeys } from '../../dist/src/api/access/apiKeys.js';
import { REST_LIMITS } from '../../dist/src/api/restOptions.js';
import { serve } from '../../dist/src/api/serve.js';
import { createEngine } from '../../dist/src/engine/createEngine.js';

const { values, positionals } = parseArgs({
  options: {
    clients: { type: 'string', default: '4' },
    clips: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '6' },
    enroll: { type: 'string', multiple: true, default: [] },
  },
  allowPositionals: true,
});
if (positionals.length !== 1) {
  console.error(
    'usage: node scripts/bench/http.mjs CONVERSATION.wav [--clients 4] [--clips 20] [--rounds 6] [--enroll SAMPLE.wav …]',
  );
  process.exit(2);
}
const [clients, clips, rounds] = [values.clients, values.clips, values.rounds].map(Number);
const KEY = 'a-key-of-this-measurement';
const CLIP_BYTES = 10 * 32_000;
const conversation = readFileSync(positionals[0]);
const samples = conversation.subarray(44);

/** Ten seconds as a WAV file of their own, from another place for every number. */
function clip(number) {
  const step = Math.floor((samples.length - CLIP_BYTES) / Math.max(1, clips - 1));
  const at = number * (step - (step % 2));
  const header = Buffer.from(conversation.subarray(0, 44));
  header.writeUInt32LE(36 + CLIP_BYTES, 4);
  header.writeUInt32LE(CLIP_BYTES, 40);
  return Buffer.concat([header, samples.subarray(at, at + CLIP_BYTES)]);
}
const recordings = Array.from({ length: clips }, (_, i) => clip(i));

/** Clips per second, and CPU seconds per clip, when `identify` is asked for all, by as many callers at once as there are clients. */
async function throughput(identify) {
  let next = 0;
  const [since, cpuBefore] = [performance.now(), process.cpuUsage()];
  const caller = async () => {
    while (next < recordings.length) {
      const segments = await identify(recordings[next++]);
      if (!Array.isArray(segments)) throw new Error('a clip was not answered');
    }
  };
  await Promise.all(Array.from({ length: clients }, caller));
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    perSecond: (1000 * recordings.length) / (performance.now() - since),
    cpuSeconds: (user + system) / 1e6 / recordings.length,
  };
}

const store = mkdtempSync(join(tmpdir(), 'voice-prints-bench-'));
const engine = await createEngine({ storeDirectory: store });
const server = await serve({ engine, keys: ApiKeys.fromPairs(`bench:${KEY}`), port: 0 });
const { maxIdentifyMs, maxEnrollMs, maxBodyBytes: maxBytes, maxDecodeMs } = REST_LIMITS;
const tenantId = 'bench';

const overHttp = async (body) => {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'audio/wav' };
  const answer = await fetch(`${server.url}/v1/identify`, { method: 'POST', headers, body });
  return (await answer.json()).segments;
};
const directly = async (bytes) => {
  const limits = { maxDurationMs: maxIdentifyMs, maxBytes, maxDecodeMs };
  return (await engine.identify({ tenantId, source: { kind: 'bytes', bytes }, limits })).segments;
};

const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

try {
  for (const [i, path] of values.enroll.entries()) {
    const limits = { maxDurationMs: maxEnrollMs, maxBytes, maxDecodeMs };
    const { status } = await engine.enroll({ tenantId, speakerId: `p${i}`, samples: [{ kind: 'file', path }], limits });
    console.log(`enrolled p${i}: ${status}`);
  }
  await throughput(overHttp); // the networks are loaded, connections made
  await throughput(directly);
  const measured = [];
  for (let round = 0; round < rounds; round += 1) {
    // Who goes first changes, so that a machine growing busier favours nobody.
    const http = round % 2 === 0 ? await throughput(overHttp) : undefined;
    const direct = await throughput(directly);
    measured.push({ http: http ?? (await throughput(overHttp)), direct });
    const { http: h, direct: d } = measured.at(-1);
    console.log(
      `round ${round + 1}: HTTP ${h.perSecond.toFixed(2)}, directly ${d.perSecond.toFixed(2)} clips per second, ` +
        `ratio ${(h.perSecond / d.perSecond).toFixed(3)}; CPU ${h.cpuSeconds.toFixed(3)} and ${d.cpuSeconds.toFixed(3)} s a clip`,
    );
  }
  // All rounds have as many clips: seconds add up.
  const seconds = (way) => measured.reduce((sum, one) => sum + clips / one[way].perSecond, 0);
  const cpu = (way) => measured.reduce((sum, one) => sum + one[way].cpuSeconds, 0) / rounds;
  const ratios = measured.map(({ http, direct }) => http.perSecond / direct.perSecond);
  console.log(
    `${clients} clients, ${rounds} rounds of ${clips} clips of 10 s: HTTP ${((rounds * clips) / seconds('http')).toFixed(2)}, ` +
      `directly ${((rounds * clips) / seconds('direct')).toFixed(2)} clips per second; throughput ratio ` +
      `${(seconds('direct') / seconds('http')).toFixed(3)}, median of rounds ${median(ratios).toFixed(3)}; ` +
      `CPU ${cpu('http').toFixed(3)} and ${cpu('direct').toFixed(3)} s a clip, ratio ${(cpu('direct') / cpu('http')).toFixed(3)}`,
  );
} finally {
  await server.close();
  await engine[Symbol.asyncDispose]();
  rmSync(store, { recursive: true, force: true });
}
