import { expect, test } from 'vitest';
import { inRoom, noisy, seededRandom, telephone } from '../../src/evaluation/damage.js';
import { fitCalibration, GALLERY_SIZE } from '../../src/evaluation/fitCalibration.js';
import { logisticFit } from '../../src/evaluation/logisticFit.js';
import { llrOf } from '../../src/identity/calibration.js';

/** Normal by the sum of twelve uniforms. */
function normal(random: () => number): number {
  let sum = -6;
  for (let i = 0; i < 12; i += 1) sum += random();
  return sum;
}

test('logistic fit: finds the log likelihood ratio of two Gaussians, whatever their numbers', () => {
  const random = seededRandom(3);
  // N(1, 1) against N(-1, 1): llr = 2x.
  const observations = Array.from({ length: 8000 }, (_, i) => {
    const isTarget = i % 4 === 0;
    return { features: [1, normal(random) + (isTarget ? 1 : -1)], isTarget };
  });
  const [offset, slope] = logisticFit(observations);
  expect(Math.abs(offset!)).toBeLessThan(0.1);
  expect(Math.abs(slope! - 2)).toBeLessThan(0.15);
});

test('calibration: impostors pass each preset at about its nominal rate', () => {
  const random = seededRandom(4);
  const trials = Array.from({ length: 500 }, (_, probe) =>
    Array.from({ length: 30 }, (__, voice) => ({
      cosine: 0.1 + 0.12 * normal(random) + (voice === 0 ? 0.5 : 0),
      speechSeconds: 3,
      isNarrowBand: false,
      isTarget: voice === 0,
      probeTypicality: 0,
      voiceTypicality: 0,
      probe,
    })),
  ).flat();
  const recordingTrials = [0.8, 0.75, 0.3, 0.2, 0.4].map((cosine, i) => ({ cosine, isTarget: i < 2 }));
  const fitted = fitCalibration({
    trials,
    recordingTrials,
    windowCosine: { same: 0.6, different: 0.2 },
    meanVoice: [0],
    source: 'made',
  });
  let passed = 0;
  const tries = 20_000;
  for (let i = 0; i < tries; i += 1) {
    const cosines = Array.from({ length: GALLERY_SIZE }, () => 0.1 + 0.12 * normal(random));
    const best = llrOf({ cosine: Math.max(...cosines), speechSeconds: 3, isNarrowBand: false }, fitted);
    if (best >= fitted.falseAcceptLlr['5']) passed += 1;
  }
  expect(passed / tries).toBeGreaterThan(0.035);
  expect(passed / tries).toBeLessThan(0.065);
  expect(fitted.falseAcceptLlr['0.1']).toBeGreaterThan(fitted.falseAcceptLlr['1']);
});

test('calibration: presets are those of wide-band speech, whatever telephone lines do beside it', () => {
  const trialsWith = (seed: number, isTelephone: boolean) => {
    const random = seededRandom(seed);
    return Array.from({ length: 200 }, (_, probe) =>
      Array.from({ length: 30 }, (__, voice) => ({
        // Flags say what the line is; its voices are alike now and then, which no term of the fit can see.
        cosine: 0.1 + (isTelephone ? 0.3 : 0.12) * normal(random) + (voice === 0 ? 0.5 : 0),
        speechSeconds: 3,
        isNarrowBand: isTelephone,
        isNarrowBandBoth: isTelephone,
        isTarget: voice === 0,
        probeTypicality: 0,
        voiceTypicality: 0,
        probe: probe + seed * 1000,
      })),
    ).flat();
  };
  const wide = trialsWith(5, false);
  const material = {
    recordingTrials: [0.8, 0.75, 0.3, 0.2, 0.4].map((cosine, i) => ({ cosine, isTarget: i < 2 })),
    windowCosine: { same: 0.6, different: 0.2 },
    meanVoice: [0],
    source: 'made',
  };
  const fitted = fitCalibration({ ...material, trials: [...wide, ...trialsWith(6, true)] });
  const best = Array.from({ length: 200 }, (_, i) =>
    Math.max(...wide.slice(30 * i + 1, 30 * i + 1 + GALLERY_SIZE).map((trial) => llrOf(trial, fitted))),
  );
  const passed = best.filter((llr) => llr >= fitted.falseAcceptLlr['5']).length / best.length;
  expect(passed).toBeGreaterThan(0.015);
  expect(passed).toBeLessThan(0.1);
  expect(Number.isFinite(fitCalibration({ ...material, trials: trialsWith(7, true) }).falseAcceptLlr['1'])).toBe(true);
});

test('telephone: keeps 1 kHz, loses 6 kHz', () => {
  const tone = (hertz: number) =>
    Float32Array.from({ length: 16_000 }, (_, i) => 0.3 * Math.sin((2 * Math.PI * hertz * i) / 16_000));
  const power = (samples: Float32Array) => samples.reduce((sum, value) => sum + value * value, 0);
  expect(power(telephone(tone(1000))) / power(tone(1000))).toBeGreaterThan(0.9);
  expect(power(telephone(tone(6000))) / power(tone(6000))).toBeLessThan(0.01);
});

test('noise has the requested level below the sound, and a room adds echoes; the length is unchanged', () => {
  const random = seededRandom(9);
  const sound = Float32Array.from({ length: 16_000 }, (_, i) => 0.3 * Math.sin(i / 7));
  const power = (samples: Float32Array) => samples.reduce((sum, value) => sum + value * value, 0);
  const noise = noisy(sound, 10, random).map((value, i) => value - sound[i]!);
  expect(Math.abs(10 * Math.log10(power(sound) / power(noise)) - 10)).toBeLessThan(0.01);
  const click = new Float32Array(16_000);
  click[0] = 1;
  const echo = inRoom(click, 0.3, random);
  expect(echo).toHaveLength(16_000);
  expect(echo[0]).toBe(1);
  expect(echo.subarray(1).some((value) => value !== 0)).toBe(true);
});
