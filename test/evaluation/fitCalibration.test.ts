import { expect, test } from 'vitest';
import type { CalibrationParameters } from '../../src/core/calibration.js';
import { equalised, inRoom, noisy, seededRandom, telephone } from '../../src/evaluation/damage.js';
import { fitCalibration } from '../../src/evaluation/fitCalibration.js';
import { logisticFit } from '../../src/evaluation/logisticFit.js';
import { llrOf } from '../../src/identity/calibration.js';
import { decide } from '../../src/identity/decide.js';
import { rankingOf } from '../../src/identity/gallery/ranking.js';
import type { EnrolledVoice } from '../../src/identity/voices.js';

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

/** Tries at galleries of the given sizes: cosines of strangers about `mean`, of the person about .65. */
function triesOf({
  seed,
  group,
  galleries,
  mean = 0.1,
  isTelephone = false,
}: {
  seed: number;
  group: string;
  galleries: readonly number[];
  mean?: number;
  isTelephone?: boolean;
}) {
  const random = seededRandom(seed);
  return galleries.flatMap((gallery) =>
    Array.from({ length: 1200 }, (_, number) => {
      const isStranger = number % 3 > 0;
      return Array.from({ length: gallery }, (__, voice) => {
        const isTarget = !isStranger && voice === 0;
        return {
          cosine: 0.12 * normal(random) + (isTarget ? 0.65 : mean),
          speechSeconds: 3,
          voiceSeconds: 12,
          alone: 2 / (gallery + 1),
          isNarrowBand: isTelephone,
          isNarrowBandBoth: isTelephone,
          isTarget,
          attempt: seed * 100_000 + gallery * 2000 + number,
          gallery,
          group,
        };
      });
    }).flat(),
  );
}

const rest = {
  recordingTrials: [0.8, 0.75, 0.3, 0.2, 0.4].map((cosine, i) => ({ cosine, isTarget: i < 2 })),
  windowCosine: { same: 0.6, different: 0.2 },
  centring: 2,
  mostSeconds: 12,
  source: 'made',
};

/** Percent of strangers whom a gallery names, as identification decides. */
function passed(
  trials: ReturnType<typeof triesOf>,
  calibration: CalibrationParameters,
  falseAcceptPercent: 0.1 | 1 | 5,
) {
  const attempts = new Map<number, typeof trials>();
  for (const trial of trials) attempts.set(trial.attempt, [...(attempts.get(trial.attempt) ?? []), trial]);
  const strangers = [...attempts.values()].filter((own) => !own.some(({ isTarget }) => isTarget));
  const named = strangers.filter((own) => {
    const comparisons = own
      .map((trial, i) => ({ voice: { id: `${i}` } as EnrolledVoice, cosine: 0, llr: llrOf(trial, calibration) }))
      .sort((a, b) => b.llr - a.llr);
    return (
      decide(rankingOf(comparisons), comparisons[0], { calibration, falseAcceptPercent }).decision === 'identified'
    );
  });
  return (100 * named.length) / strangers.length;
}

test('calibration: a stranger passes each preset about as often as it says, at galleries of every size', () => {
  const galleries = [1, 3, 10, 30];
  const fitted = fitCalibration({
    ...rest,
    trials: triesOf({ seed: 4, group: 'a', galleries }),
    telephoneGroups: [],
  });
  for (const gallery of galleries) {
    const others = triesOf({ seed: 5, group: 'a', galleries: [gallery] });
    expect(passed(others, fitted, 5)).toBeGreaterThan(1);
    expect(passed(others, fitted, 5)).toBeLessThan(10);
    expect(passed(others, fitted, 1)).toBeLessThan(3);
  }
  expect(fitted.falseAcceptLlr['0.1']).toBeGreaterThan(fitted.falseAcceptLlr['1']);
  expect(fitted.gallerySlope).toBeGreaterThan(0);
});

test('calibration: strangers of one telephone line pass no more often than others, however alike they are', () => {
  const galleries = [1, 10];
  const line = { group: 'line', galleries, mean: 0.3, isTelephone: true };
  const trials = [
    ...triesOf({ seed: 6, group: 'rooms', galleries }),
    ...triesOf({ seed: 7, group: 'studio', galleries }),
    ...triesOf({ seed: 8, ...line }),
  ];
  const fitted = fitCalibration({ ...rest, trials, telephoneGroups: ['line'] });
  expect(fitted.narrowBandBoth).toBeLessThan(-1);
  expect(passed(triesOf({ seed: 9, ...line }), fitted, 1)).toBeLessThan(2.5);
  expect(passed(triesOf({ seed: 10, group: 'rooms', galleries }), fitted, 5)).toBeGreaterThan(1.5);
});

test('calibration: presets are not measured on galleries that are too small', () => {
  const fitted = fitCalibration({
    ...rest,
    trials: triesOf({ seed: 11, group: 'a', galleries: [1, 2] }),
    telephoneGroups: [],
  });
  expect(fitted.falseAcceptLlr['1']).toBe(Number.POSITIVE_INFINITY);
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

test('another microphone lifts or lowers bands by no more than asked', () => {
  const tone = (hertz: number) =>
    Float32Array.from({ length: 16_000 }, (_, i) => 0.3 * Math.sin((2 * Math.PI * hertz * i) / 16_000));
  const decibels = (hertz: number, seed: number) => {
    const sound = tone(hertz);
    const power = (samples: Float32Array) => samples.reduce((sum, value) => sum + value * value, 0);
    return 10 * Math.log10(power(equalised(sound, 6, seededRandom(seed))) / power(sound));
  };
  const changes = [1, 2, 3].flatMap((seed) => [150, 1500, 4000].map((hertz) => decibels(hertz, seed)));
  // Neighbouring bands reach a little into each other.
  for (const change of changes) expect(Math.abs(change)).toBeLessThan(9);
  expect(Math.max(...changes) - Math.min(...changes)).toBeGreaterThan(3);
});
