import { describe, expect, test } from 'vitest';
import type { SampleSpan } from '../../src/core/audioFrame.js';
import { measureQuality } from '../../src/speech/quality.js';

const RATE_HZ = 16_000;

/** Uniform noise of the given power from a generator of our own: the same in every run. */
function noise(length: number, power: number, seed = 7): Float32Array {
  const scale = Math.sqrt(3 * power);
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return scale * (state / 2 ** 31 - 1);
  });
}

/** Something that comes and goes as syllables do, with partials up to `topHz`, of power 0.01 (-20 dB) on average. */
function syllables(length: number, topHz: number): Float32Array {
  const out = new Float32Array(length);
  const partials = Array.from({ length: Math.floor(topHz / 125) }, (_, k) => 125 * (k + 1));
  for (let i = 0; i < length; i += 1) {
    const t = i / RATE_HZ;
    const loudness = Math.max(0, Math.sin(2 * Math.PI * 2.5 * t)) ** 2;
    let sum = 0;
    partials.forEach((hz, k) => {
      sum += Math.sin(2 * Math.PI * hz * t + k * k) / (1 + hz / 2000);
    });
    out[i] = loudness * sum;
  }
  const power = out.reduce((total, sample) => total + sample ** 2, 0) / length;
  return out.map((sample) => (sample * 0.1) / Math.sqrt(power));
}

const spoken = new Map<number, Float32Array>();

/** 1 s of pause, 6 s of syllables, 1 s of pause, all with noise. */
function recording(snrDb: number, topHz = 7800): { samples: Float32Array; speech: SampleSpan[] } {
  const samples = noise(8 * RATE_HZ, 0.01 / 10 ** (snrDb / 10));
  const voice = spoken.get(topHz) ?? syllables(6 * RATE_HZ, topHz);
  spoken.set(topHz, voice);
  voice.forEach((sample, i) => {
    samples[RATE_HZ + i]! += sample;
  });
  return { samples, speech: [{ startSample: RATE_HZ, endSample: 7 * RATE_HZ }] };
}

describe('signal to noise', () => {
  test.each([0, 5, 10, 20, 30, 40])('%i dB is found within 1 dB', (snrDb) => {
    const { samples, speech } = recording(snrDb);
    expect(Math.abs(measureQuality(samples, speech).snrDb - snrDb)).toBeLessThan(1);
  });

  test.each([10, 20, 30])('%i dB without any pause is found within 2 dB', (snrDb) => {
    const { samples, speech } = recording(snrDb);
    const { startSample, endSample } = speech[0]!;
    const bare = samples.slice(startSample, endSample);
    const whole = [{ startSample: 0, endSample: bare.length }];
    expect(Math.abs(measureQuality(bare, whole).snrDb - snrDb)).toBeLessThan(2);
  });

  test('a gate that silences the pauses does not hide the noise under the speech', () => {
    const { samples, speech } = recording(15);
    samples.fill(0, 0, RATE_HZ);
    samples.fill(0, 7 * RATE_HZ);
    expect(Math.abs(measureQuality(samples, speech).snrDb - 15)).toBeLessThan(2);
  });

  test('a slammed door in the pause counts for little', () => {
    const { samples, speech } = recording(20);
    samples.set(noise(4000, 0.2, 3), 2000);
    expect(Math.abs(measureQuality(samples, speech).snrDb - 20)).toBeLessThan(1);
  });
});

describe('bandwidth', () => {
  test('what lasts a moment does not decide: a hiss over a telephone line, a muffled word before a microphone', () => {
    const second = (samples: Float32Array, from: number) => samples.subarray(from * RATE_HZ, (from + 1) * RATE_HZ);
    const line = recording(40, 3_400);
    const hiss = noise(RATE_HZ, 0.01);
    second(line.samples, 3).forEach((sample, i, moment) => {
      moment[i] = sample + hiss[i]!;
    });
    expect(measureQuality(line.samples, line.speech).bandwidthHz).toBeLessThan(4_300);
    const microphone = recording(40);
    second(microphone.samples, 4).set(second(recording(40, 3_400).samples, 4));
    expect(measureQuality(microphone.samples, microphone.speech).bandwidthHz).toBeGreaterThan(7_000);
  });

  test.each([
    { name: 'wide band', topHz: 7800, least: 7000, most: 8000 },
    { name: 'telephone', topHz: 3400, least: 3250, most: 3750 },
    { name: 'MP3 at a low rate', topHz: 5500, least: 5250, most: 5750 },
  ])('$name', ({ topHz, least, most }) => {
    const { samples, speech } = recording(55, topHz);
    const { bandwidthHz } = measureQuality(samples, speech);
    expect(bandwidthHz).toBeGreaterThanOrEqual(least);
    expect(bandwidthHz).toBeLessThanOrEqual(most);
  });

  test('a constant offset hides no band, and is measured', () => {
    const { samples, speech } = recording(55, 7800);
    const plain = measureQuality(samples, speech);
    const shifted = measureQuality(
      samples.map((v) => v + 0.4),
      speech,
    );
    expect(shifted.bandwidthHz).toBe(plain.bandwidthHz);
    expect(shifted.dcOffset).toBeCloseTo(0.4, 3);
    expect(shifted.peakDb).toBeCloseTo(plain.peakDb, 1);
  });

  test('strong noise is not taken for a telephone', () => {
    const { samples, speech } = recording(5);
    expect(measureQuality(samples, speech).bandwidthHz).toBe(8000);
  });
});

describe('clipping', () => {
  const clip = (samples: Float32Array, at: number): Float32Array => samples.map((v) => Math.max(-at, Math.min(at, v)));

  test('none in a clean recording, whatever its level', () => {
    const { samples, speech } = recording(40);
    expect(measureQuality(samples, speech).clippedShare).toBe(0);
    expect(
      measureQuality(
        samples.map((v) => v * 2),
        speech,
      ).clippedShare,
    ).toBe(0);
  });

  test('seen at full scale and after the level was lowered', () => {
    const { samples, speech } = recording(40);
    const loud = clip(
      samples.map((v) => v * 8),
      1,
    );
    const { clippedShare } = measureQuality(loud, speech);
    expect(clippedShare).toBeGreaterThan(0.01);
    const lowered = measureQuality(
      loud.map((v) => v * 0.5),
      speech,
    );
    expect(lowered.clippedShare).toBe(clippedShare);
  });
});

describe('level and length', () => {
  test('are those of the speech alone', () => {
    const { samples, speech } = recording(60);
    const { rmsDb, speechMs } = measureQuality(samples, speech);
    expect(Math.abs(rmsDb + 20)).toBeLessThan(0.1);
    expect(speechMs).toBe(6000);
  });

  test('nothing spoken, nothing recorded and digital silence have no quality', () => {
    const nothing = { snrDb: 0, clippedShare: 0, bandwidthHz: 0, speechMs: 0, rmsDb: -100 };
    expect(measureQuality(noise(RATE_HZ, 0.01), [])).toMatchObject(nothing);
    expect(measureQuality(new Float32Array(), [])).toMatchObject(nothing);
    const silence = [{ startSample: 0, endSample: RATE_HZ }];
    expect(measureQuality(new Float32Array(RATE_HZ), silence)).toMatchObject({ ...nothing, speechMs: 1000 });
  });
});
