import { expect, test } from 'vitest';
import { centroid, dot, unit } from '../../src/core/vector.js';
import { seededRandom } from '../../src/evaluation/damage.js';
import { UNCALIBRATED } from '../../src/identity/calibration.js';
import { CentredGallery } from '../../src/identity/centredGallery.js';
import { compare } from '../../src/identity/matchVoices.js';
import type { EnrolledVoice } from '../../src/identity/voices.js';

const DIMENSIONS = 64;
const random = seededRandom(5);
const direction = () => unit(Float32Array.from({ length: DIMENSIONS }, () => random() + random() + random() - 1.5));
/** A voice over a line that gives the same to all its voices. */
const onLine = (voice: Float32Array, line: Float32Array, share: number) =>
  unit(voice.map((value, i) => value + share * line[i]!));
const enrolled = (id: string, mean: Float32Array<ArrayBuffer>): EnrolledVoice => ({
  id,
  exemplars: [mean],
  mean,
  speechSeconds: 12,
  isNarrowBand: false,
});
const cosines = (heard: Float32Array, voices: readonly EnrolledVoice[], centring: number | undefined) => {
  const gallery = new CentredGallery(voices, centring);
  const probeToSum = gallery.toSum(heard);
  return voices.map((voice) => {
    const cosine = dot(heard, voice.mean);
    return gallery.centred(voice, { cosine, probeToSum, probeToMean: cosine });
  });
};

test('both sides are centred on the mean of the others, each voiceprint without itself', () => {
  const voices = ['a', 'b', 'c', 'd'].map((id) => enrolled(id, direction()));
  const heard = direction();
  const centring = 2;
  const expected = voices.map((voice) => {
    const mean = new Float32Array(DIMENSIONS);
    for (const other of voices) {
      if (other !== voice) for (let i = 0; i < DIMENSIONS; i += 1) mean[i]! += other.mean[i]! / (3 + centring);
    }
    const less = (vector: Float32Array) => unit(vector.map((value, i) => value - mean[i]!));
    return dot(less(heard), less(voice.mean));
  });
  cosines(heard, voices, centring).forEach((cosine, i) => {
    expect(cosine).toBeCloseTo(expected[i]!, 5);
  });
});

test('what a line gives to all its voices is no similarity; that of a person stays', () => {
  const line = direction();
  const people = Array.from({ length: 12 }, direction);
  const voices = people.slice(0, 10).map((voice, i) => enrolled(`${i}`, onLine(voice, line, 1.2)));
  const stranger = onLine(people[11]!, line, 1.2);
  const owner = onLine(people[0]!, line, 1.1);
  expect(Math.max(...cosines(stranger, voices, undefined))).toBeGreaterThan(0.5);
  expect(Math.max(...cosines(stranger, voices, 2))).toBeLessThan(0.4);
  expect(cosines(owner, voices, 2)[0]).toBeGreaterThan(0.9);
});

test('no other person enrolled, or a calibration without centring: the raw cosine', () => {
  const voices = [enrolled('a', direction()), enrolled('b', direction())];
  const heard = direction();
  const plain = voices.map(({ mean }) => dot(heard, mean));
  expect(cosines(heard, voices, undefined)).toEqual(plain);
  expect(cosines(heard, voices.slice(0, 1), 2)).toEqual(plain.slice(0, 1));
  expect(new CentredGallery(voices.slice(0, 1), 2).alone).toBe(1);
  expect(new CentredGallery(voices, 2).alone).toBeCloseTo(2 / 3, 9);
});

test('comparisons show the raw cosine, and are ordered by the centred one', () => {
  const line = direction();
  const voices = Array.from({ length: 6 }, (_, i) => enrolled(`${i}`, onLine(direction(), line, 1)));
  const centroidOfTwo = centroid([voices[3]!.mean, onLine(direction(), line, 1)]);
  const heard = { centroid: centroidOfTwo, speechSeconds: 6 };
  const calibration = { ...UNCALIBRATED, centring: 2 };
  const compared = compare(heard, voices, { calibration, isNarrowBand: false });
  expect(compared[0]!.voice.id).toBe('3');
  for (const { voice, cosine } of compared)
    expect(cosine).toBeCloseTo(dot(centroidOfTwo, voices[Number(voice.id)]!.mean), 5);
  const alone = compare(heard, [...voices], { calibration: UNCALIBRATED, isNarrowBand: false });
  expect(compared[0]!.llr - compared[1]!.llr).not.toBeCloseTo(alone[0]!.llr - alone[1]!.llr, 3);
});
