import { mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRecording } from '../../../src/audio/openRecording.js';
import type { Recording } from '../../../src/audio/recording.js';
import type { Progress } from '../../../src/core/progress.js';
import type { RecordingSource } from '../../../src/core/recording.js';
import type { Voiceprint } from '../../../src/core/voiceprint.js';
import { WorkerCompute } from '../../../src/engine/compute/workerCompute.js';
import { identifyRecording } from '../../../src/engine/recording/identifyRecording.js';
import { pooledEmbedding, speechMsOf, speechOf } from '../../../src/engine/recording/speechOf.js';
import { wholeRecording } from '../../../src/engine/recording/wholeRecording.js';
import { someOf } from '../../../src/engine/voiceprints/nameable.js';
import { ModelStore } from '../../../src/inference/modelStore.js';
import { type FliteVoice, speak, TEXTS } from '../../support/fliteVoices.js';

const LIMITS = { maxBytes: 2 ** 30, maxDurationMs: 3_600_000, maxDecodeMs: 600_000 };
const RATE = 16_000;
const folder = mkdtempSync(join(tmpdir(), 'voice-prints-identify-'));
const never = new AbortController().signal;
let compute: WorkerCompute;
const speech = new Map<string, Float32Array<ArrayBuffer>>();

/** Text `text` in a voice at 16 kHz: 13 to 17 s. */
async function spoken(voice: FliteVoice, text: number): Promise<Float32Array<ArrayBuffer>> {
  const key = `${voice}-${text}`;
  const known = speech.get(key);
  if (known) return known;
  const path = speak(voice, TEXTS[text]!, folder, `${key}.wav`);
  const samples = await wholeRecording(await openRecording({ kind: 'file', path }, LIMITS, never));
  speech.set(key, samples);
  return samples;
}

async function voiceprintOf(voice: FliteVoice): Promise<Voiceprint> {
  const samples = await spoken(voice, 0);
  const heard = await speechOf(framesOf(samples), { compute, signal: never });
  const embedding = { values: pooledEmbedding(heard)!, modelId: compute.model.id };
  const speechMs = speechMsOf(heard.speech);
  return {
    id: voice,
    tenantId: 'local',
    name: voice.toUpperCase(),
    languageCode: 'en',
    exemplars: [{ embedding, speechMs, snrDb: 40, bandwidthHz: 7000, enrolledAtMs: 0 }],
    mean: embedding,
    speechMs,
    audioMs: speechMs,
    quality: 'good',
    isComplete: true,
    consent: undefined,
    createdAtMs: 0,
    updatedAtMs: 0,
  };
}

async function* framesOf(samples: Float32Array<ArrayBuffer>) {
  for (let at = 0; at < samples.length; at += RATE) {
    yield { samples: samples.slice(at, at + RATE), sampleRateHz: RATE, startSample: at };
  }
}

function source(samples: Float32Array): RecordingSource {
  const pcm = Int16Array.from(samples, (value) => Math.max(-32768, Math.min(32767, Math.round(value * 32767))));
  const rawFormat = { encoding: 's16le', sampleRateHz: RATE, channels: 1 } as const;
  return { kind: 'bytes', bytes: new Uint8Array(pcm.buffer), rawFormat };
}

function joined(pieces: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const out = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

const silence = (seconds: number) => new Float32Array(Math.round(seconds * RATE));

interface Asked {
  readonly voiceprints?: readonly Voiceprint[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

const identify = (samples: Float32Array, { voiceprints = [], signal = never, onProgress }: Asked = {}) =>
  identifyRecording(
    { compute, openRecording: () => openRecording(source(samples), LIMITS, signal) },
    { people: someOf(voiceprints, compute.model.id), falseAcceptPercent: 1 },
    { signal, onProgress },
  );

beforeAll(async () => {
  const store = await ModelStore.open();
  compute = new WorkerCompute({ model: await store.resolve(), threads: 1 });
});

afterAll(async () => {
  await compute[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('identifyRecording with real voices and networks', () => {
  test('two enrolled people taking turns every two seconds are two people', async () => {
    const voiceprints = [await voiceprintOf('slt'), await voiceprintOf('rms')];
    const [slt, rms] = [await spoken('slt', 1), await spoken('rms', 1)];
    const pieces = Array.from({ length: 6 }, (_, i) => [
      slt.slice(2 * i * RATE, 2 * (i + 1) * RATE),
      rms.slice(2 * i * RATE, 2 * (i + 1) * RATE),
    ]).flat();
    const { segments } = await identify(joined(pieces), { voiceprints });
    expect(new Set(segments.map(({ speakerId }) => speakerId))).toEqual(new Set(['slt', 'rms']));
    // Of the 24 s, how much carries the right name: boundaries may be off, voices may not.
    let right = 0;
    let named = 0;
    for (let at = 0.05; at < 24; at += 0.1) {
      const turn = segments.find(({ start, end }) => start <= at && at < end);
      if (!turn) continue;
      named += 1;
      if (turn.speakerId === (Math.floor(at / 2) % 2 === 0 ? 'slt' : 'rms')) right += 1;
    }
    expect(right / named).toBeGreaterThan(0.85);
  });

  test('one person with pauses is one person, by name', async () => {
    const awb = await spoken('awb', 1);
    const parts = [0, 3, 6, 9].flatMap((from) => [awb.slice(from * RATE, (from + 3) * RATE), silence(1.5)]);
    const { segments } = await identify(joined(parts), {
      voiceprints: [await voiceprintOf('awb'), await voiceprintOf('slt')],
    });
    expect(segments.length).toBeGreaterThan(1);
    expect(new Set(segments.map(({ speakerId }) => speakerId))).toEqual(new Set(['awb']));
    expect(
      segments.every(({ decision, score, name }) => decision === 'identified' && score > 0.5 && name === 'AWB'),
    ).toBe(true);
  });

  test('a visitor stays unknown-1 beside a known voice', async () => {
    const [slt, kal] = [await spoken('slt', 1), await spoken('kal16', 1)];
    const samples = joined([slt.slice(0, 6 * RATE), silence(0.5), kal.slice(0, 6 * RATE)]);
    const { segments, durationSeconds } = await identify(samples, { voiceprints: [await voiceprintOf('slt')] });
    const visitor = segments.filter(({ start }) => start > 6.3);
    expect(visitor.length).toBeGreaterThan(0);
    expect(
      visitor.every(
        ({ speakerId, cluster, decision }) => speakerId === null && cluster === 'unknown-1' && decision === 'unknown',
      ),
    ).toBe(true);
    expect(segments[0]).toMatchObject({ speakerId: 'slt', decision: 'identified', cluster: null });
    expect(Math.abs(durationSeconds - 12.5)).toBeLessThan(0.01);
  });

  test('no one enrolled: clusters, scores of 0', async () => {
    const slt = await spoken('slt', 1);
    const { segments } = await identify(slt.slice(0, 5 * RATE));
    expect(
      segments.every(({ speakerId, score, cluster }) => speakerId === null && score === 0 && cluster === 'unknown-1'),
    ).toBe(true);
  });

  test('progress comes in order and ends with the clustering', async () => {
    const seen: Progress[] = [];
    await identify((await spoken('slt', 1)).slice(0, 5 * RATE), { onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toMatchObject({ stage: 'cluster', doneMs: 5000 });
    const done = seen.map(({ doneMs }) => doneMs);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
  });
});

describe('identifyRecording: what is not a conversation', () => {
  test('noise only: no turns and a warning', async () => {
    const noise = Float32Array.from({ length: 4 * RATE }, (_, i) => 0.05 * Math.sin(i * i * 0.013));
    const { segments, warnings } = await identify(noise);
    expect(segments).toEqual([]);
    expect(warnings.map(({ code }) => code)).toContain('AUDIO_NO_SPEECH');
  });

  test('digital silence is refused', async () => {
    await expect(identify(silence(3))).rejects.toMatchObject({ code: 'AUDIO_SILENT' });
  });

  test('a source of 8 kHz is said to be narrow', async () => {
    const slt = (await spoken('slt', 1)).slice(0, 6 * RATE);
    const half = Int16Array.from({ length: slt.length / 2 }, (_, i) =>
      Math.round(16_000 * (slt[2 * i]! + slt[2 * i + 1]!)),
    );
    const rawFormat = { encoding: 's16le', sampleRateHz: 8000, channels: 1 } as const;
    const bytes = new Uint8Array(half.buffer);
    const { warnings } = await identifyRecording(
      { compute, openRecording: () => openRecording({ kind: 'bytes', bytes, rawFormat }, LIMITS, never) },
      { people: someOf([], compute.model.id), falseAcceptPercent: 1 },
      { signal: never },
    );
    expect(warnings.map(({ code }) => code)).toContain('AUDIO_NARROW_BAND');
  });

  test('a file that ends too early gives what there is, and says so', async () => {
    const path = speak('slt', TEXTS[2], folder, 'whole.wav');
    const whole = await readFile(path);
    whole.writeUInt32LE(whole.length - 44, 40); // flite writes no true length
    whole.writeUInt32LE(whole.length - 8, 4);
    const bytes = whole.subarray(0, whole.length - Math.floor(whole.length / 3));
    const { segments, warnings } = await identifyRecording(
      { compute, openRecording: () => openRecording({ kind: 'bytes', bytes }, LIMITS, never) },
      { people: someOf([], compute.model.id), falseAcceptPercent: 1 },
      { signal: never },
    );
    expect(segments.length).toBeGreaterThan(0);
    expect(warnings.map(({ code }) => code)).toContain('AUDIO_TRUNCATED');
  });

  test('an abort stops it, and the recording is closed', async () => {
    const stop = new AbortController();
    let isClosed = false;
    const slt = await spoken('slt', 1);
    const open = async (): Promise<Recording> => {
      const recording = await openRecording(source(slt), LIMITS, stop.signal);
      return {
        format: recording.format,
        frames: () => recording.frames(),
        report: () => recording.report(),
        [Symbol.asyncDispose]: async () => {
          await recording[Symbol.asyncDispose]();
          isClosed = true;
        },
      };
    };
    const onProgress = () => stop.abort();
    const run = identifyRecording(
      { compute, openRecording: open },
      { people: someOf([], compute.model.id), falseAcceptPercent: 1 },
      { signal: stop.signal, onProgress },
    );
    await expect(run).rejects.toThrowError();
    expect(isClosed).toBe(true);
  });
});
