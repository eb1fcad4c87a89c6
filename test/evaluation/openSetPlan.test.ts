import { expect, test } from 'vitest';
import { seededRandom } from '../../src/evaluation/damage.js';
import { drawSplit, probeSpans, type SpeakerPieces, sampleSpans } from '../../src/evaluation/openSetPlan.js';

const spans = (pairs: readonly (readonly [number, number])[]) =>
  pairs.map(([startSample, endSample]) => ({ startSample, endSample }));

test.each([
  { name: 'one long enough', lengths: [5], expected: [[0, 5]] },
  { name: 'short ones together', lengths: [2, 1, 2, 3], expected: [[0, 5]] },
  {
    name: 'a long one in even pieces',
    lengths: [13],
    expected: [
      [0, 4],
      [4, 9],
      [9, 13],
    ],
  },
  { name: 'too little', lengths: [2, 1], expected: [] },
  { name: 'nothing', lengths: [], expected: [] },
] as const)('enrolment samples of 4 or more: $name', ({ lengths, expected }) => {
  expect(sampleSpans(lengths, 4)).toEqual(spans(expected));
});

test.each([
  { name: 'the middle of a long one', lengths: [10], expected: [[3, 7]] },
  {
    name: 'exactly as long',
    lengths: [4, 4],
    expected: [
      [0, 4],
      [4, 8],
    ],
  },
  { name: 'short ones joined from the first on', lengths: [3, 3, 3], expected: [[0, 4]] },
  {
    name: 'a long one after a short one',
    lengths: [1, 9, 6],
    expected: [
      [0, 4],
      [11, 15],
    ],
  },
  { name: 'too little', lengths: [3], expected: [] },
] as const)('probes of 4: $name', ({ lengths, expected }) => {
  expect(probeSpans(lengths, 4)).toEqual(spans(expected));
});

const piece = (session: string | undefined, start: number) => ({ session, startSample: start, endSample: start + 10 });
const pieces = (session: string | undefined, count: number) =>
  Array.from({ length: count }, (_, i) => piece(session, 10 * i));
const person = (...sessions: readonly (readonly [string | undefined, number])[]): SpeakerPieces => {
  const all = sessions.flatMap(([session, count]) => pieces(session, count));
  return { samples: all, probes: all };
};

test('half are enrolled with three samples, every probe of the others is a stranger’s', () => {
  const people = Array.from({ length: 6 }, () => person([undefined, 5]));
  const { enrolled, probes } = drawSplit(people, 3, seededRandom(1));
  expect(enrolled.map(({ samples }) => new Set(samples).size)).toEqual([3, 3, 3]);
  const ids = new Set(enrolled.map(({ speaker }) => speaker));
  expect(ids.size).toBe(3);
  expect(probes.every(({ speaker, isEnrolled }) => ids.has(speaker) === isEnrolled)).toBe(true);
  expect(probes.filter(({ isEnrolled }) => isEnrolled)).toHaveLength(3 * 2);
  expect(probes.filter(({ isEnrolled }) => !isEnrolled)).toHaveLength(3 * 5);
});

test('probes share no speech with what was enrolled, across sessions not even the session', () => {
  const people = [person([undefined, 6]), person(['a', 4], ['b', 4], ['c', 4]), person(['only', 5])];
  for (let seed = 0; seed < 20; seed += 1) {
    const { enrolled, probes } = drawSplit(people, 3, seededRandom(seed));
    expect(enrolled).toHaveLength(3);
    for (const { speaker, samples } of enrolled) {
      const held = samples.map((index) => people[speaker]!.samples[index]!);
      const tried = probes.filter((probe) => probe.speaker === speaker);
      expect(tried.length).toBeGreaterThan(0);
      for (const { probe } of tried) {
        const { session, startSample } = people[speaker]!.probes[probe]!;
        if (speaker === 1) expect(held.map((sample) => sample.session)).not.toContain(session);
        else expect(held.map((sample) => sample.startSample)).not.toContain(startSample);
      }
    }
  }
});

test.each([
  { name: 'two samples only', one: person([undefined, 2]) },
  { name: 'three samples and nothing beside them', one: person([undefined, 3]) },
  { name: 'too little in every session', one: person(['a', 1], ['b', 1]) },
])('is a stranger always: $name', ({ one }) => {
  const people = [one, ...Array.from({ length: 3 }, () => person([undefined, 5]))];
  for (let seed = 0; seed < 10; seed += 1) {
    const { enrolled } = drawSplit(people, 4, seededRandom(seed));
    expect(enrolled.map(({ speaker }) => speaker).sort()).toEqual([1, 2, 3]);
  }
});

test('the same seed, the same split', () => {
  const people = Array.from({ length: 8 }, () => person([undefined, 5]));
  expect(drawSplit(people, 4, seededRandom(3))).toEqual(drawSplit(people, 4, seededRandom(3)));
  expect(drawSplit(people, 4, seededRandom(3))).not.toEqual(drawSplit(people, 4, seededRandom(4)));
});
