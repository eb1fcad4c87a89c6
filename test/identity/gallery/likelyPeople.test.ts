import { expect, test } from 'vitest';
import type { CalibrationParameters } from '../../../src/core/calibration.js';
import { finished } from '../../../src/core/steps.js';
import { seededRandom } from '../../../src/evaluation/damage.js';
import { rankInSteps } from '../../../src/identity/gallery/ranking.js';
import { VoiceGallery } from '../../../src/identity/gallery/voiceGallery.js';
import { compare } from '../../../src/identity/matchVoices.js';
import { CALIBRATION, DIMENSIONS, MadePeople } from './madeGallery.js';

const random = seededRandom(31);
const between = (least: number, greatest: number) => least + (greatest - least) * random();

/** Calibrations of any model, odd ones among them: without centring, with slopes that fall. */
function anyCalibration(): CalibrationParameters {
  const { centring: _, ...plain } = CALIBRATION;
  return {
    ...plain,
    ...(random() < 0.7 ? { centring: between(0, 5) } : {}),
    offset: between(-6, 2),
    cosine: between(-2, 20),
    voiceLogSeconds: between(-2, 2),
    cosineVoiceLogSeconds: between(-3, 3),
  };
}

test('whoever is passed over as too far is no likely person: compared with everybody, near-ties among them', () => {
  for (let round = 0; round < 40; round += 1) {
    const people = new MadePeople(round + 1);
    const size = [2, 3, 20, 700][round % 4]!;
    const { voices, enrolled } = people.many(size);
    const gallery = new VoiceGallery(DIMENSIONS);
    for (const voice of enrolled) gallery.put(voice);
    if (size > 3) for (let n = 1; n < size; n += 5) gallery.erase(`p${n}`);
    const { view, numberOf } = gallery.snapshot();
    const probes = [voices[0]!, voices[2 % size]!, people.voice(voices[0])].map((voice) => ({
      centroid: people.near(voice, between(0, 1.5)),
      speechSeconds: between(0.3, 20),
    }));
    const isNarrowBand = random() < 0.3;
    const calibration = anyCalibration();
    const everybody = enrolled.map(({ id }) => numberOf(id)).filter((number) => number !== undefined);
    const llrsWith = (one: CalibrationParameters) =>
      everybody.map((number) =>
        Math.max(...probes.map((probe) => view.compareOne(probe, number, { calibration: one, isNarrowBand }).llr)),
      );
    // One person after the other stands a hair's breadth on either side of the border.
    const ties = llrsWith(calibration).slice(0, 3);
    const borders = ties.flatMap((llr) => [llr, llr + 1e-9, llr - 1e-9]);
    for (const border of [0, ...borders]) {
      const shifted = { ...calibration, offset: calibration.offset - border };
      const llrs = llrsWith(shifted);
      const wanted = everybody.filter((_, i) => llrs[i]! >= 0);
      expect(view.likely(probes, { calibration: shifted, isNarrowBand })).toEqual(wanted);
    }
  }
});

test('a comparison with many people is made in many steps, and answers as one with a list', () => {
  const people = new MadePeople(5);
  const { voices, enrolled } = people.many(2_000);
  const gallery = new VoiceGallery(DIMENSIONS);
  for (const voice of enrolled) gallery.put(voice);
  const options = { calibration: CALIBRATION, isNarrowBand: false };
  const probes = [0, 511, 512, 1_999, 1_024].map((n) => ({
    centroid: people.near(voices[n]!, 0.4),
    speechSeconds: 5,
  }));
  const steps = rankInSteps(probes, gallery.snapshot(), options);
  let count = 0;
  let next = steps.next();
  for (; !next.done; next = steps.next()) count += 1;
  expect(count).toBeGreaterThan(2_000 / 512);
  expect(next.value).toEqual(finished(rankInSteps(probes, gallery.snapshot(), options)));
  next.value.forEach(({ near }, i) => {
    const all = compare(probes[i]!, enrolled, options);
    expect(near.map(({ voice }) => voice.id)).toEqual(all.slice(0, near.length).map(({ voice }) => voice.id));
  });
});
