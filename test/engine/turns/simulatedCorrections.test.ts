import { expect, test } from 'vitest';
import { unit } from '../../../src/core/vector.js';
import { seededRandom } from '../../../src/evaluation/damage.js';
import { type SimulatedPerson, simulateCorrections } from '../../../src/lab/simulateCorrections.js';
import { PLAIN_CALIBRATION } from '../enrolment/analysedSamples.js';

const DIMENSIONS = 64;

/** People whose enrolment was another occasion than all that they say later: random directions, each occasion shifted by its own. */
function madePeople(count: number, strangers: number): SimulatedPerson[] {
  const random = seededRandom(3);
  const direction = () => unit(Float32Array.from({ length: DIMENSIONS }, () => random() + random() + random() - 1.5));
  const sum = (...parts: readonly (readonly [number, Float32Array])[]) =>
    unit(
      Float32Array.from({ length: DIMENSIONS }, (_, i) => parts.reduce((all, [weight, v]) => all + weight * v[i]!, 0)),
    );
  return Array.from({ length: count + strangers }, (_, n) => {
    const voice = direction();
    const [enrolled, later] = [direction(), direction()];
    const utterances = (occasion: Float32Array, many: number) =>
      Array.from({ length: many }, () => ({
        embedding: sum([1, voice], [0.9, occasion], [0.8, direction()]),
        speechSeconds: 3,
        isNarrowBand: false,
      }));
    return {
      id: `person_${n}`,
      enrolment: n < count ? utterances(enrolled, 3) : [],
      spoken: utterances(later, 12),
      heldOut: utterances(later, 12),
    };
  });
}

test('a fifth of the answers wrong: names in later conversations get better, and nobody becomes unusable', () => {
  const { before, after, feedback } = simulateCorrections({
    people: madePeople(8, 3),
    model: { id: 'made', calibration: PLAIN_CALIBRATION },
    falseAcceptPercent: 1,
    sessions: 150,
    wrongShare: 0.2,
    heldOutDialogues: 150,
    random: seededRandom(4),
  });
  const share = ({ right, voices, strangers }: typeof before) => right / (voices - strangers);
  expect(feedback.wrong).toBeGreaterThan(50);
  expect(feedback.wrongLearnt / feedback.wrong).toBeLessThan(0.1);
  expect(feedback.trueLearnt / feedback.true).toBeGreaterThan(0.2);
  expect(share(before)).toBeLessThan(0.8);
  expect(share(after)).toBeGreaterThan(share(before) + 0.1);
  expect(after.wrong).toBeLessThanOrEqual(before.wrong + 1);
  for (const [id, right] of after.rightOf) expect(right, id).toBeGreaterThanOrEqual(before.rightOf.get(id)! - 0.05);
});
