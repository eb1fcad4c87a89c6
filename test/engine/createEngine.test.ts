import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecordingSource } from '../../src/core/recording.js';
import { createEngine } from '../../src/engine/createEngine.js';
import type { Engine } from '../../src/engine/engine.js';
import { type FliteVoice, speak, TEXTS } from '../support/fliteVoices.js';
import { until } from '../support/until.js';

const root = mkdtempSync(join(tmpdir(), 'voice-prints-engine-'));
const opened: Engine[] = [];
let stores = 0;

async function openEngine(): Promise<Engine> {
  stores += 1;
  const engine = await createEngine({ storeDirectory: join(root, `store${stores}`), workerThreads: 1 });
  opened.push(engine);
  return engine;
}

afterAll(async () => {
  for (const engine of opened) await engine[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const file = (path: string): RecordingSource => ({ kind: 'file', path });
const spoken = (voice: FliteVoice, text: number): string => speak(voice, TEXTS[text]!, root, `${voice}-${text}.wav`);

/** Signed 16-bit samples at 16 kHz, whatever the file's header says of its length. */
async function samplesOf(path: string): Promise<Int16Array> {
  const bytes = execFileSync('sox', [path, '-t', 'raw', '-r', '16000', '-c', '1', '-b', '16', '-e', 'signed', '-']);
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

function raw(samples: Int16Array, label?: string): RecordingSource {
  const rawFormat = { encoding: 's16le', sampleRateHz: 16_000, channels: 1 } as const;
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  return { kind: 'bytes', bytes, rawFormat, ...(label ? { label } : {}) };
}

function joined(...pieces: Int16Array[]): Int16Array {
  const out = new Int16Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** Seconds that turns have in common with those before them. */
function secondsTogether(segments: readonly { readonly start: number; readonly end: number }[]): number {
  let [together, latest] = [0, 0];
  for (const { start, end } of segments) {
    together += Math.max(0, Math.min(end, latest) - start);
    latest = Math.max(latest, end);
  }
  return together;
}

test('one recording, saved again, does not complete a voiceprint; an empty store is a warning in the answer', async () => {
  const engine = await openEngine();
  const whole = spoken('rms', 1);
  const [wav, again, other] = ['first.wav', 'again.ogg', 'other.wav'].map((name) => join(root, name));
  execFileSync('sox', [whole, wav!, 'trim', '0', '10']);
  execFileSync('ffmpeg', ['-v', 'error', '-i', wav!, '-c:a', 'libopus', '-b:a', '32k', again!]);
  execFileSync('sox', [spoken('rms', 2), other!, 'trim', '0', '10']);
  const talk = file(spoken('rms', 0));
  const warned = async () => (await engine.identify({ source: talk })).warnings.map(({ code }) => code);
  expect(await warned()).toContain('NOBODY_ENROLLED');
  const first = await engine.enroll({ speakerId: 'rms', samples: [file(wav!)] });
  expect(first).toMatchObject({ status: 'accepted' });
  const codes = ({ reasons }: typeof first) => reasons.filter(({ refuses }) => refuses).map(({ code }) => code);
  for (const path of [wav!, again!]) {
    const copy = await engine.enroll({ speakerId: 'rms', samples: [file(path)] });
    expect([copy.status, codes(copy), copy.speechSeconds]).toEqual([
      'rejected',
      ['SAME_RECORDING'],
      first.speechSeconds,
    ]);
  }
  expect(await warned()).not.toContain('NOBODY_ENROLLED');
  expect(await engine.enroll({ speakerId: 'rms', samples: [file(other!)] })).toMatchObject({ status: 'complete' });
});

describe('enrolling and identifying with real networks', () => {
  let engine: Engine;
  let slt: Int16Array;
  let awb: Int16Array;
  beforeAll(async () => {
    engine = await openEngine();
    [slt, awb] = await Promise.all([samplesOf(spoken('slt', 0)), samplesOf(spoken('awb', 0))]);
    for (const voice of ['slt', 'awb'] as const) {
      const request = { speakerId: voice, name: `Voice ${voice}`, samples: [file(spoken(voice, 0))] };
      expect(await engine.enroll(request)).toMatchObject({ status: 'complete', name: `Voice ${voice}`, reasons: [] });
    }
  });

  test('names the enrolled and keeps the stranger apart', async () => {
    const recording = joined(
      await samplesOf(spoken('slt', 1)),
      await samplesOf(spoken('kal16', 1)),
      await samplesOf(spoken('awb', 1)),
    );
    const { segments, durationSeconds } = await engine.identify({ source: raw(recording) });
    expect(durationSeconds).toBeCloseTo(recording.length / 16_000, 2);
    const identified = segments.filter(({ decision }) => decision === 'identified');
    expect(new Set(identified.map(({ name }) => name))).toEqual(new Set(['Voice slt', 'Voice awb']));
    const middle = durationSeconds / 2;
    const stranger = segments.find(({ start, end }) => start <= middle && middle < end);
    expect(stranger).toMatchObject({ cluster: 'unknown-1', decision: expect.stringMatching(/^un/) });
  });

  test('two who talk at once have turns that overlap, unless the segmentation model is left aside', async () => {
    const [first, second] = [await samplesOf(spoken('rms', 1)), await samplesOf(spoken('slt', 2))]; // rms is a stranger
    const overlapSamples = 5 * 16_000;
    const meeting = first.length - overlapSamples;
    const recording = new Int16Array(meeting + second.length);
    recording.set(first);
    for (const [i, sample] of second.entries()) recording[meeting + i]! += sample;
    const { segments } = await engine.identify({ source: raw(recording) });
    const during = segments.filter(({ start, end }) => end > meeting / 16_000 + 1 && start < first.length / 16_000 - 1);
    expect(during.map(({ name, cluster }) => name ?? cluster)).toEqual(['unknown-1', 'Voice slt']);
    expect(during.every(({ overlap }) => overlap)).toBe(true);
    expect(secondsTogether(segments)).toBeGreaterThan(2);

    await using without = await createEngine({
      storeDirectory: engine.storeDirectory,
      workerThreads: 1,
      segmentation: 'off',
    });
    const alone = await without.identify({ source: raw(recording) });
    expect(alone.segments.map(({ name }) => name)).toContain('Voice slt');
    expect(alone.segments.some(({ overlap }) => overlap)).toBe(false);
    expect(secondsTogether(alone.segments)).toBe(0);
  });

  test('samples add up over enrolments; six seconds accept, twelve complete', async () => {
    const rms = await samplesOf(spoken('rms', 0));
    const first = await engine.enroll({ speakerId: 'rms', samples: [raw(rms.subarray(0, 4 * 16_000), 'short.raw')] });
    expect(first).toMatchObject({ status: 'rejected', speechSeconds: 0, reasons: [{ code: 'TOO_LITTLE_SPEECH' }] });
    expect(first.reasons[0]!.message).toMatch(/^3\.\d s of speech; at least 6 s are needed: record a longer sample$/);
    expect(first.samples).toMatchObject([{ file: 'short.raw', accepted: false }]);
    expect(await engine.speakers().get('rms')).toBeUndefined();

    const second = await engine.enroll({ speakerId: 'rms', samples: [raw(rms.subarray(0, 8 * 16_000))] });
    expect(second).toMatchObject({ status: 'accepted', samples: [{ file: 'sample 1', accepted: true }] });
    expect(second.reasons.at(-1)).toMatchObject({ code: 'TOO_LITTLE_SPEECH', refuses: false });
    const more = await samplesOf(spoken('rms', 1));
    // Eight seconds are compared, too.
    const { segments } = await engine.identify({ source: raw(more), speakerIds: ['slt', 'rms'] });
    expect(new Set(segments.map(({ speakerId }) => speakerId))).toEqual(new Set(['rms']));

    const third = await engine.enroll({ speakerId: 'rms', samples: [raw(more)], consentText: 'agreed on the phone' });
    expect(third.status).toBe('complete');
    expect(third.speechSeconds).toBeCloseTo(second.speechSeconds + third.samples[0]!.speechSeconds, 2);
    expect(await engine.speakers().get('rms')).toMatchObject({
      isComplete: true,
      samples: 2,
      consent: { text: 'agreed on the phone' },
    });
    expect(await engine.speakers().delete('rms')).toBe(true);
  });

  test('another person’s sample is refused and changes nothing', async () => {
    const stored = () => readFileSync(join(engine.storeDirectory, 'voiceprints.json'));
    const before = stored();
    const result = await engine.enroll({ speakerId: 'slt', samples: [file(spoken('kal16', 1))] });
    expect(result).toMatchObject({ status: 'rejected', name: 'Voice slt' });
    expect(result.reasons.map(({ code }) => code)).toEqual(['DISAGREES_WITH_EARLIER']);
    expect(stored()).toEqual(before);
  });

  test('a person enrolled already cannot be enrolled as another one', async () => {
    const result = await engine.enroll({ speakerId: 'impostor', samples: [file(spoken('awb', 2))] });
    expect(result).toMatchObject({ status: 'rejected', reasons: [{ code: 'COLLIDES_WITH_OTHER' }] });
    expect(result.reasons[0]!.message).toContain('awb');
    const elsewhere = await engine.enroll({ tenantId: 'other', speakerId: 'me', samples: [file(spoken('awb', 2))] });
    expect(elsewhere.status).toBe('complete'); // another tenant knows nothing of it
  });

  test('two people in one sample are refused, one person with long pauses is not', async () => {
    const half = 6 * 16_000;
    const mixed = joined(slt.subarray(0, half), awb.subarray(0, half));
    const result = await engine.enroll({ tenantId: 'mix', speakerId: 'both', samples: [raw(mixed)] });
    expect(result).toMatchObject({ status: 'rejected', reasons: [{ code: 'SECOND_VOICE' }] });
    const silence = new Int16Array(3 * 16_000).map(() => (Math.random() - 0.5) * 20);
    const paused = joined(slt.subarray(0, half), silence, slt.subarray(half, 2 * half), silence);
    const alone = await engine.enroll({ tenantId: 'mix', speakerId: 'one', samples: [raw(paused)] });
    expect(alone.reasons.filter(({ refuses }) => refuses)).toEqual([]);
  });

  test.each([
    { name: 'noise', code: 'TOO_NOISY', spoil: (x: number) => 0.3 * x + (Math.random() - 0.5) * 8_000 },
    { name: 'overload', code: 'CLIPPED', spoil: (x: number) => Math.max(-12_000, Math.min(12_000, 20 * x)) },
  ])('$name is refused', async ({ code, spoil }) => {
    const result = await engine.enroll({ tenantId: 'spoilt', speakerId: 'a', samples: [raw(slt.map(spoil))] });
    expect(result.status).toBe('rejected');
    expect(result.reasons.map((reason) => reason.code)).toContain(code);
  });

  test('digital silence is too quiet', async () => {
    const result = await engine.enroll({ tenantId: 'quiet', speakerId: 'a', samples: [raw(new Int16Array(160_000))] });
    expect(result).toMatchObject({ status: 'rejected', reasons: [{ code: 'TOO_QUIET' }] });
    expect(result.samples).toMatchObject([{ speechSeconds: 0, snrDb: null }]);
  });

  test('an unreadable sample among good ones is reported, alone it is thrown', async () => {
    const broken = join(root, 'broken.flac');
    writeFileSync(broken, 'fLaC but nothing more');
    const samples = [file(broken), file(spoken('kal16', 0))];
    const result = await engine.enroll({ tenantId: 'partly', speakerId: 'kal', samples });
    expect(result).toMatchObject({
      status: 'complete',
      samples: [{ accepted: false, reasons: [{ code: 'AUDIO_UNREADABLE', refuses: true }] }, { accepted: true }],
    });
    const alone = engine.enroll({ tenantId: 'partly', speakerId: 'x', samples: [file(broken)] });
    await expect(alone).rejects.toMatchObject({ name: 'VoicePrintsError', code: expect.stringMatching(/^AUDIO_/) });
  });

  test('a sample over five minutes is refused before it fills the memory', async () => {
    const long = raw(new Int16Array(301 * 16_000));
    const failed = engine.enroll({ tenantId: 'long', speakerId: 'a', samples: [long] });
    await expect(failed).rejects.toMatchObject({ code: 'AUDIO_TOO_LONG' });
  });

  test.each([
    { name: 'nobody', speakerIds: ['slt', 'nobody', 'none'], code: 'SPEAKER_NOT_FOUND', named: 'nobody,none' },
  ])('looking for $name is refused, naming the ids', async ({ speakerIds, code, named }) => {
    const failed = engine.identify({ source: raw(slt), speakerIds });
    await expect(failed).rejects.toMatchObject({ code, details: { speakerIds: named } });
  });

  test('looks only for those asked for', async () => {
    const { segments } = await engine.identify({ source: raw(slt), speakerIds: ['awb'] });
    expect(segments.map(({ speakerId }) => speakerId)).not.toContain('slt');
  });

  test('an export travels to another engine and works there', async () => {
    const bytes = await engine.speakers().export('correct horse');
    const other = await openEngine();
    await other.speakers().import(bytes, 'correct horse');
    const { segments } = await other.identify({ source: file(spoken('awb', 2)) });
    expect(segments.map(({ speakerId }) => speakerId)).toContain('awb');
  });
});

test('bad settings are refused before anything is opened', async () => {
  await expect(createEngine({ storeDirectory: '' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  const storeDirectory = join(root, 'never');
  await expect(createEngine({ storeDirectory, model: 'no-such' })).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  await expect(readFile(storeDirectory)).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each(['Anna Schmidt', '', 'a'.repeat(129), '../x'])('the id "%s" is refused', async (speakerId) => {
  const engine = await openEngine();
  const failed = engine.enroll({ speakerId, samples: [raw(new Int16Array(100))] });
  await expect(failed).rejects.toMatchObject({ code: 'SPEAKER_ID_INVALID' });
  await expect(engine.enroll({ speakerId: 'a', samples: [] })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
});

test.each([
  { name: 'An\0na' },
  { name: 'Anna\n' },
  { consentText: 'Yes\0' },
  { consentVersion: '1\n' },
  { languageCode: '\x1b' },
])('texts with control characters (%o) are refused', async (texts) => {
  const engine = await openEngine();
  const failed = engine.enroll({ speakerId: 'a', samples: [raw(new Int16Array(100))], ...texts });
  await expect(failed).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining('leave them out'),
  });
});

test('an aborted call ends, and the engine goes on', async () => {
  const engine = await openEngine();
  const stop = new AbortController();
  const path = spoken('slt', 0);
  const aborted = engine.enroll(
    { speakerId: 'a', samples: [file(path), file(path)] },
    { signal: stop.signal, onProgress: () => stop.abort() },
  );
  await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
  expect(await engine.speakers().list()).toEqual([]);
  expect((await engine.enroll({ speakerId: 'a', samples: [file(path)] })).status).toBe('complete');
});

test('disposing stops pending work, and afterwards every call is refused', async () => {
  const engine = await openEngine();
  const source = file(spoken('slt', 0));
  let isRunning = false;
  const onProgress = () => (isRunning = true);
  const pending = Array.from({ length: 8 }, () =>
    engine.identify({ source }, { onProgress }).catch(({ code }) => code),
  );
  await until(() => isRunning);
  await engine[Symbol.asyncDispose]();
  expect(await Promise.all(pending)).toEqual(Array(8).fill('ENGINE_CLOSED'));
  await expect(engine.identify({ source })).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  await expect(engine.speakers().list()).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  await engine[Symbol.asyncDispose](); // twice is fine
});

test('a flood is refused at once', async () => {
  const engine = await openEngine();
  const source = file(spoken('slt', 0));
  const calls = Array.from({ length: 80 }, () => engine.identify({ source }).catch((error) => error.code));
  const busy = await Promise.race(calls.slice(66));
  expect(busy).toBe('ENGINE_BUSY');
  await engine[Symbol.asyncDispose]();
  expect(new Set(await Promise.all(calls.slice(67)))).toEqual(new Set(['ENGINE_BUSY']));
});
