import { expect, test } from 'vitest';
import { APART_TUNING, linkGroups } from '../../../src/identity/conversation/linkGroups.js';
import { madeVoices, sumsOf } from '../madeVoices.js';

const DIMENSIONS = 64;
const EVERYBODY = { maxGroups: Number.POSITIVE_INFINITY };

const groupsOf = (turns: readonly number[], windowsEach: number) =>
  sumsOf(madeVoices({ dimensions: DIMENSIONS, turns, windowsEach, spread: 0.8 }).embeddings, DIMENSIONS);

test('groups of one voice are joined, those of others are not, numbered in order of appearance', () => {
  expect([...linkGroups(groupsOf([0, 1, 0, 2], 2), [], { cosine: 0.35, ...EVERYBODY })]).toEqual([
    0, 0, 1, 1, 0, 0, 2, 2,
  ]);
});

test('groups separated by the network stay apart, however similar they are', () => {
  const alike = groupsOf([0], 4);
  const apart = { apart: APART_TUNING.frames, together: 0 };
  const relations = [
    { a: 0, b: 2, ...apart },
    { a: 1, b: 3, ...apart },
    { a: 0, b: 3, ...apart },
    { a: 1, b: 2, ...apart },
  ];
  expect([...linkGroups(alike, relations, { cosine: 0.3, ...EVERYBODY })]).toEqual([0, 0, 1, 1]);
});

test('a moment in which one person was split does not keep long speech apart', () => {
  const relations = [{ a: 0, b: 1, apart: APART_TUNING.frames, together: 2 * APART_TUNING.frames }];
  expect([...linkGroups(groupsOf([0], 2), relations, { cosine: 0.3, ...EVERYBODY })]).toEqual([0, 0]);
});

test('no more groups are left than are allowed', () => {
  const labels = linkGroups(groupsOf([0, 1, 2, 3], 3), [], { cosine: 0.3, maxGroups: 2 });
  expect(new Set(labels)).toEqual(new Set([0, 1]));
});

test('more than a block of groups are linked across blocks, and separated groups stay separate', () => {
  const groups = groupsOf([0, 1, 0, 1], 300);
  const relations = [{ a: 0, b: 300, apart: APART_TUNING.frames, together: 0 }];
  const labels = linkGroups(groups, relations, { cosine: 0.35, ...EVERYBODY });
  expect(labels).toHaveLength(1200);
  expect([labels[0], labels[300], labels[600], labels[900]]).toEqual([0, 1, 0, 1]);
  expect(new Set(labels)).toEqual(new Set([0, 1]));
});

test('nothing is linked to nothing', () => {
  expect(linkGroups(groupsOf([0], 0), [], { cosine: 0.3, ...EVERYBODY })).toHaveLength(0);
});
