import { describe, expect, test } from 'vitest';
import { unit } from '../../src/core/vector.js';
import { UNCALIBRATED } from '../../src/identity/calibration.js';
import { OTHERS_TUNING } from '../../src/identity/othersIn.js';
import { splitByVoice } from '../../src/identity/splitByVoice.js';
import type { EnrolledVoice } from '../../src/identity/voices.js';

const DIMENSIONS = 64;
const SECOND = 16_000;

/** A unit vector with these shares of the first axes; the rest lies on an axis of its own. */
function towards(shares: readonly number[], own: number): Float32Array<ArrayBuffer> {
  const vector = new Float32Array(DIMENSIONS);
  vector.set(shares);
  const squared = shares.reduce((sum, share) => sum + share * share, 0);
  vector[10 + own] = Math.sqrt(1 - squared);
  return unit(vector);
}

const enrolled = (id: string, axis: number): EnrolledVoice => {
  const mean = new Float32Array(DIMENSIONS);
  mean[axis] = 1;
  return { id, mean, exemplars: [mean], speechSeconds: 20, isNarrowBand: false };
};
const [ann, ben] = [enrolled('ann', 0), enrolled('ben', 1)];
const options = { calibration: UNCALIBRATED, isNarrowBand: false, leastLlr: 0, samePersonLlr: () => 0 };

interface Heard {
  readonly from: number;
  readonly to: number;
  readonly embedding: Float32Array;
}

/** All windows are one voice so far; answers who goes with whom, numbered in order of appearance. */
function split(heard: readonly Heard[], people: readonly EnrolledVoice[]): number[] {
  const embeddings = new Float32Array(heard.length * DIMENSIONS);
  heard.forEach(({ embedding }, i) => {
    embeddings.set(embedding, i * DIMENSIONS);
  });
  const windows = heard.map(({ from, to }) => ({ startSample: from * SECOND, endSample: to * SECOND }));
  const input = { dimensions: DIMENSIONS, embeddings, windows, segmentOf: new Int32Array(heard.length) };
  const found = { labels: new Int32Array(heard.length), centroids: new Float32Array(DIMENSIONS), voices: 1 };
  const labels = [...splitByVoice(input, found, people, options)];
  return labels.map((label) => [...new Set(labels)].indexOf(label));
}

describe('splitByVoice', () => {
  const annSpeaks = towards([0.8, 0.1], 0);
  const benSpeaks = towards([0.1, 0.8], 1);
  const stranger = towards([0.1, 0.2], 2);

  test('two enrolled people taken for one voice are two, even where one says little', () => {
    const heard = [
      { from: 0, to: 1.2, embedding: annSpeaks },
      { from: 2, to: 4, embedding: benSpeaks },
      { from: 4, to: 6, embedding: benSpeaks },
    ];
    expect(split(heard, [ann, ben])).toEqual([0, 1, 1]);
  });

  test('a stranger and an enrolled person are two', () => {
    const heard = [
      { from: 0, to: 2, embedding: stranger },
      { from: 2, to: 4, embedding: annSpeaks },
      { from: 4, to: 6, embedding: annSpeaks },
      { from: 6, to: 8, embedding: stranger },
    ];
    expect(split(heard, [ann, ben])).toEqual([0, 1, 1, 0]);
  });

  test('a stranger who for a moment is less unlike somebody stays one voice', () => {
    const heard = [
      { from: 0, to: 2, embedding: stranger },
      { from: 2, to: 4, embedding: towards([0.42, 0.1], 3) },
      { from: 2.2, to: 4, embedding: towards([0.42, 0.1], 3) },
      { from: 4, to: 6, embedding: stranger },
    ];
    expect(split(heard, [ann, ben])).toEqual([0, 0, 0, 0]);
  });

  test('windows over the same sound count once: half a second is too little, however often it is looked at', () => {
    const heard = [
      ...Array.from({ length: 5 }, () => ({ from: 0, to: 0.9 * OTHERS_TUNING.leastSeconds, embedding: annSpeaks })),
      { from: 2, to: 4, embedding: benSpeaks },
      { from: 4, to: 6, embedding: benSpeaks },
    ];
    expect(new Set(split(heard, [ann, ben])).size).toBe(1);
  });

  test('with no one enrolled nothing is split', () => {
    const heard = [
      { from: 0, to: 2, embedding: annSpeaks },
      { from: 2, to: 4, embedding: benSpeaks },
    ];
    expect(split(heard, [])).toEqual([0, 0]);
  });
});
