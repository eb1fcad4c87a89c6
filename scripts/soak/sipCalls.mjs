// Many SIP calls over a line that loses packets: what arrives is what was said, and nothing is left over.
// node --expose-gc scripts/soak/sipCalls.mjs [CALLS] [AT_ONCE] [LOSS_PERCENT] [--names]
import { execFileSync, spawn } from 'node:child_process';
import { Socket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createEngine } from '../../dist/src/index.js';
import { openSip } from '../../dist/src/live.js';

const RATE_HZ = 16_000;
const isNaming = process.argv.includes('--names');
const [calls = 200, atOnce = 20, lossPercent = 10] = process.argv
  .slice(2)
  .filter((a) => !a.startsWith('-'))
  .map(Number);
const VOICES = {
  slt: 'The lighthouse keeper counts the ships at breakfast, and reads their names to his goat.',
  awb: 'My aunt collects broken umbrellas from all over the town, and mends them in the spring.',
  rms: 'There is a train that leaves at six, and never tells anybody where it is going to.',
  kal16: 'Please keep the northern gate closed until the inspection of the harbour has ended.',
};

/** Every datagram of this process may be lost, on its way in and out, SIP and audio alike. */
function loseDatagrams(percent) {
  const isLost = () => Math.random() * 100 < percent;
  const { emit, send } = Socket.prototype;
  Socket.prototype.emit = function lossyEmit(name, ...rest) {
    return name === 'message' && isLost() ? true : emit.call(this, name, ...rest);
  };
  Socket.prototype.send = function lossySend(...args) {
    return isLost() ? undefined : send.apply(this, args);
  };
}

/** A sentence as the caller plays it (8 kHz mu-law) and as it should arrive (16 kHz). */
function spoken(folder, voice, text) {
  const [wav, mulaw, raw] = ['wav', 'ulaw', 'raw'].map((ending) => join(folder, `${voice}.${ending}`));
  execFileSync('flite', ['-voice', voice, '-t', text, '-o', wav]);
  const ffmpeg = (...args) => execFileSync('ffmpeg', ['-v', 'error', '-y', ...args]);
  ffmpeg('-i', wav, '-ar', '8000', '-ac', '1', '-f', 'mulaw', mulaw);
  ffmpeg('-f', 'mulaw', '-ar', '8000', '-i', mulaw, '-ar', String(RATE_HZ), '-f', 's16le', raw);
  const bytes = readFileSync(raw);
  const samples = Float32Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i) / 32_768);
  return { mulaw, samples };
}

/** A process of sipp that makes `count` calls, `limit` at once. */
function startCaller({ folder, voice, speech, port, count, limit }) {
  const scenario = join(folder, `${voice}.xml`);
  const text = readFileSync(new URL('../../test/peers/sip/caller.xml', import.meta.url), 'utf8');
  writeFileSync(scenario, text.replaceAll('MULAW_FILE', speech.mulaw));
  const talkMs = Math.ceil((1_000 * speech.samples.length) / RATE_HZ) + 500;
  const args = [
    '-sf',
    scenario,
    '-i',
    '127.0.0.1',
    '-mi',
    '127.0.0.1',
    '-key',
    'user',
    voice,
    '-s',
    'listener',
    '-d',
    talkMs,
  ];
  args.push('-m', count, '-l', limit, '-r', limit, '-rp', 2_000, '-nostdin', '-skip_rlimit', `127.0.0.1:${port}`);
  const child = spawn('sipp', args.map(String), {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TERM: 'dumb' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes) => {
      said = (said + bytes).slice(-4_000);
    });
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, said })));
}

/** Correlation of what came with what was said, at the lag where it is greatest; what was lost is left out. */
function likeness(frames, said) {
  const at = (lag, step) => {
    let ab = 0;
    let aa = 0;
    let bb = 0;
    for (const { samples, startSample } of frames) {
      for (let i = 0; i < samples.length; i += step) {
        const b = said[startSample + i + lag] ?? 0;
        ab += samples[i] * b;
        aa += samples[i] ** 2;
        bb += b * b;
      }
    }
    return aa && bb ? ab / Math.sqrt(aa * bb) : 0;
  };
  let best = { lag: 0, correlation: -1 };
  const attempt = (lag, step) => {
    const correlation = at(lag, step);
    if (correlation > best.correlation) best = { lag, correlation };
  };
  // A packet lost at the beginning moves the first sample by 20 ms; the call is heard from there on.
  for (let lag = 0; lag <= RATE_HZ / 2; lag += 320) attempt(lag, 7);
  const coarse = best.lag;
  best = { lag: coarse, correlation: -1 };
  for (let lag = coarse - 2; lag <= coarse + 2; lag += 1) attempt(lag, 1);
  return best;
}

/** What each voice says when it is enrolled: other words than in its calls. */
const ENROLMENT = [
  'Good morning everybody. The weather station on the hill reports light wind from the west, and the harbour master expects four ships before noon. Please keep the gate closed until the inspection has ended, and tell the night shift about the new key and the lamp by the stairs.',
  'Yesterday the committee agreed on a budget for the library. There will be new chairs, more lamps, and a quiet room for children. Nobody has decided yet what happens with the old piano in the hall, although three people have asked for it already this month.',
];

/** An engine that knows the four voices. */
async function engineOf(folder) {
  const engine = await createEngine({ storeDirectory: join(folder, 'store') });
  for (const voice of Object.keys(VOICES)) {
    const samples = ENROLMENT.map((text, i) => {
      const path = join(folder, `enrol-${voice}-${i}.wav`);
      execFileSync('flite', ['-voice', voice, '-t', text, '-o', path]);
      return { kind: 'file', path };
    });
    await engine.enroll({ speakerId: voice, samples });
  }
  return engine;
}

/** The audio as it is read, kept in `frames` on its way. */
const kept = (audio, frames) => ({
  get isNarrowBand() {
    return audio.isNarrowBand;
  },
  get startedAtMs() {
    return audio.startedAtMs;
  },
  async *[Symbol.asyncIterator]() {
    for await (const item of audio) {
      if (item.type === 'audio') frames.push(item.frame);
      yield item;
    }
  },
});

/** Who was named longest, by the final events; undefined where nobody was. */
async function namedIn(engine, audio, sessionId) {
  const seconds = new Map();
  const session = engine.watch({ audio, sessionId });
  for await (const event of session.events()) {
    if (event.type !== 'turn' || !event.turn.isFinal || event.turn.speakerId === null) continue;
    const { speakerId, speechSeconds } = event.turn;
    seconds.set(speakerId, (seconds.get(speakerId) ?? 0) + speechSeconds);
  }
  await session[Symbol.asyncDispose]();
  return [...seconds].sort((one, other) => other[1] - one[1])[0]?.[0];
}

async function readAll(audio) {
  for await (const _ of audio);
}

/** Everything of one call. */
async function hear(call, speeches, engine) {
  const events = (async () => {
    for await (const event of call.events) if (event.type === 'ended') return event;
  })();
  const frames = [];
  const audio = kept(call.audio, frames);
  const named = engine ? await namedIn(engine, audio, call.id) : await readAll(audio);
  const { end, code } = await events;
  const last = frames.at(-1);
  const voice = call.remote.user;
  const heardSeconds = frames.reduce((sum, { samples }) => sum + samples.length, 0) / RATE_HZ;
  const lineSeconds = last ? (last.startSample + last.samples.length) / RATE_HZ : 0;
  const said = speeches[voice].samples;
  return { voice, named, end, code, media: call.media, heardSeconds, lineSeconds, ...likeness(frames, said) };
}

const openSockets = () => process.getActiveResourcesInfo().filter((name) => /udp|tcp/i.test(name)).length;
const heapMb = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
};
const quantile = (values, q) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))];
const round = (value, digits = 3) => Math.round(value * 10 ** digits) / 10 ** digits;

const folder = mkdtempSync(join(tmpdir(), 'sip-soak-'));
try {
  const speeches = Object.fromEntries(
    Object.entries(VOICES).map(([voice, text]) => [voice, spoken(folder, voice, text)]),
  );
  const engine = isNaming ? await engineOf(folder) : undefined;
  const socketsBefore = openSockets();
  const stopping = new AbortController();
  const endpoint = await openSip(
    {
      listenAddress: '127.0.0.1',
      listenPort: 0,
      codecs: ['PCMU'],
      srtp: 'off',
      maxCalls: atOnce + 10,
      answer: 'all',
      maxCallMs: 120_000,
      noMediaMs: 15_000,
      ringMs: 20_000,
      rtpPorts: { min: 0, max: 0 },
    },
    { signal: stopping.signal },
  );
  loseDatagrams(lossPercent);
  const heapBeforeMb = heapMb();
  const heard = [];
  let mostAtOnce = 0;
  const taking = (async () => {
    for await (const call of endpoint) {
      mostAtOnce = Math.max(mostAtOnce, endpoint.callCount);
      heard.push(hear(call, speeches, engine));
    }
  })();
  const startedMs = Date.now();
  const voices = Object.keys(VOICES);
  const callers = await Promise.all(
    voices.map((voice, i) => {
      const share = (total) => Math.floor((total + i) / voices.length);
      return startCaller({
        folder,
        voice,
        speech: speeches[voice],
        port: endpoint.port,
        count: share(calls),
        limit: share(atOnce),
      });
    }),
  );
  const seconds = (Date.now() - startedMs) / 1_000;
  const waitUntilMs = Date.now() + 40_000; // goodbyes that were lost are found out by the silence
  while (endpoint.callCount > 0 && Date.now() < waitUntilMs) await delay(100);
  const leftOver = endpoint.callCount;
  const stopStartedMs = performance.now();
  stopping.abort();
  await endpoint[Symbol.asyncDispose]();
  const stopMs = performance.now() - stopStartedMs;
  await taking;
  const results = await Promise.all(heard);
  await engine?.[Symbol.asyncDispose]();
  await delay(500);
  const heapAfterMb = heapMb();
  const sent = results.reduce((sum, { media }) => sum + media.packetsReceived + media.packetsLost, 0);
  const report = {
    calls: results.length,
    mostAtOnce,
    seconds: round(seconds, 0),
    callersFailed: callers.filter(({ code }) => code !== 0).length,
    ...(engine && {
      namedRightly: results.filter(({ voice, named }) => named === voice).length,
      namedWrongly: results.filter(({ voice, named }) => named && named !== voice).length,
    }),
    correlationLeast: round(Math.min(...results.map(({ correlation }) => correlation))),
    correlationMedian: round(
      quantile(
        results.map(({ correlation }) => correlation),
        0.5,
      ),
    ),
    packetsLostPercent: round((100 * results.reduce((sum, { media }) => sum + media.packetsLost, 0)) / sent, 1),
    secondsHeardLeast: round(Math.min(...results.map(({ heardSeconds }) => heardSeconds)), 2),
    endedByCaller: results.filter(({ end }) => end === 'remote').length,
    endedBySilence: results.filter(({ end }) => end === 'noMedia').length,
    callsLeftOver: leftOver,
    socketsLeftOver: openSockets() - socketsBefore,
    heapGrowthMb: round(heapAfterMb - heapBeforeMb, 1),
    stopMs: round(stopMs, 0),
  };
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  const unlike = results.filter(({ correlation }) => correlation < 0.95);
  for (const { voice, correlation, lag, heardSeconds, lineSeconds, end, media } of unlike.slice(0, 5)) {
    process.stderr.write(
      `unlike: ${JSON.stringify({ voice, correlation, lag, heardSeconds, lineSeconds, end, media })}\n`,
    );
  }
  for (const { code, said } of callers)
    if (code !== 0) process.stderr.write(`sipp ended with ${code}: ${said.slice(-1_500)}\n`);
  process.exitCode = results.length < calls || unlike.length > 0 || leftOver > 0 || report.socketsLeftOver > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}
