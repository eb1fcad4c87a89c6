import { expect, test } from 'vitest';
import { averageLinkage } from '../../src/identity/averageLinkage.js';
import { madeVoices, sumsOf } from './madeVoices.js';

test('average linkage: two voices taking turns come apart, whatever their order', () => {
  const { embeddings, truth } = madeVoices({ dimensions: 32, turns: [0, 1, 0, 1, 1, 0], windowsEach: 5, spread: 0.5 });
  const labels = averageLinkage(sumsOf(embeddings, 32), { cosine: 0.4, maxGroups: 40 });
  expect(new Set(labels).size).toBe(2);
  expect(pairsThatDisagree(labels, truth)).toBe(0);
});

test('average linkage: one voice with scattered windows stays one', () => {
  const { embeddings } = madeVoices({ dimensions: 32, turns: [0, 0, 0], windowsEach: 10, spread: 0.5 });
  expect(new Set(averageLinkage(sumsOf(embeddings, 32), { cosine: 0.4, maxGroups: 40 })).size).toBe(1);
});

test('average linkage: agrees with joining the likest pair again and again', () => {
  const { embeddings } = madeVoices({ dimensions: 8, turns: [0, 1, 2, 3, 4], windowsEach: 6, spread: 1.4 });
  const groups = sumsOf(embeddings, 8);
  const labels = averageLinkage(groups, { cosine: 0.35, maxGroups: 100 });
  expect(pairsThatDisagree(labels, naiveLinkage(groups.sums, 8, 0.35))).toBe(0);
});

test('average linkage: more windows than one block come out as the same three voices', () => {
  const turns = Array.from({ length: 240 }, (_, i) => i % 3);
  const { embeddings, truth } = madeVoices({ dimensions: 16, turns, windowsEach: 10, spread: 0.5 });
  const labels = averageLinkage(sumsOf(embeddings, 16), { cosine: 0.4, maxGroups: 40 });
  expect(labels.length).toBe(2400);
  expect(pairsThatDisagree(labels, truth)).toBe(0);
});

test('average linkage: never leaves more groups than allowed', () => {
  const { embeddings } = madeVoices({ dimensions: 16, turns: [0, 1, 2, 3, 4, 5, 6, 7], windowsEach: 3, spread: 0.3 });
  expect(new Set(averageLinkage(sumsOf(embeddings, 16), { cosine: 0.9, maxGroups: 3 })).size).toBeLessThanOrEqual(3);
});

function pairsThatDisagree(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < a.length; i += 1) {
    for (let j = i + 1; j < a.length; j += 1) if ((a[i] === a[j]) !== (b[i] === b[j])) count += 1;
  }
  return count;
}

/** The definition, in cubic time. */
function naiveLinkage(sums: Float32Array, dimensions: number, stopCosine: number): number[] {
  const rows = sums.length / dimensions;
  const cosine = (a: number, b: number) => {
    let sum = 0;
    for (let k = 0; k < dimensions; k += 1) sum += sums[a * dimensions + k]! * sums[b * dimensions + k]!;
    return sum;
  };
  let groups = Array.from({ length: rows }, (_, row) => [row]);
  for (;;) {
    let best = { mean: stopCosine, a: -1, b: -1 };
    groups.forEach((first, a) => {
      groups.slice(a + 1).forEach((second, offset) => {
        const total = first.flatMap((i) => second.map((j) => cosine(i, j))).reduce((sum, value) => sum + value, 0);
        const mean = total / (first.length * second.length);
        if (mean >= best.mean) best = { mean, a, b: a + 1 + offset };
      });
    });
    if (best.a < 0) break;
    const joined = [...groups[best.a]!, ...groups[best.b]!];
    groups = [...groups.filter((_, i) => i !== best.a && i !== best.b), joined];
  }
  const labels = new Array<number>(rows).fill(-1);
  groups.forEach((members, label) => {
    for (const member of members) labels[member] = label;
  });
  return labels;
}
