import { describe, expect, test } from 'vitest';
import { LiveOverlap } from '../../../src/engine/live/liveOverlap.js';

const SECOND = 16_000;
const FRAMES = 50;

/** Ten seconds of one voice, with a second one in these seconds. */
function activityOf(...second: readonly (readonly [from: number, to: number])[]): Uint8Array {
  const activity = new Uint8Array(10 * FRAMES * 3);
  for (let frame = 0; frame < 10 * FRAMES; frame += 1) {
    activity[3 * frame] = 255;
    if (second.some(([from, to]) => frame >= from * FRAMES && frame < to * FRAMES)) activity[3 * frame + 1] = 200;
  }
  return activity;
}

const span = (from: number, to: number) => ({ startSample: from * SECOND, endSample: to * SECOND });

describe('overlap in a live stream', () => {
  test('is where two voices speak at once, and nowhere before the network looked', () => {
    const overlap = new LiveOverlap();
    expect(overlap.isIn(span(0, 10))).toBe(false);
    overlap.take(activityOf([4, 5]), span(20, 30));
    expect(overlap.isIn(span(23, 26))).toBe(true);
    expect(overlap.isIn(span(20, 24))).toBe(false);
    expect(overlap.isIn(span(25, 30))).toBe(false);
  });

  test('a breath is none, and what lies behind the end of the stream does not count', () => {
    const overlap = new LiveOverlap();
    overlap.take(activityOf([1, 1.2], [6, 9]), span(0, 5));
    expect(overlap.isIn(span(0, 10))).toBe(false);
  });

  test('a later look replaces an earlier one where it reaches back, and keeps the rest', () => {
    const overlap = new LiveOverlap();
    overlap.take(activityOf([1, 2], [6, 8]), span(0, 10));
    overlap.take(activityOf(), span(5, 15));
    expect(overlap.isIn(span(0, 5))).toBe(true);
    expect(overlap.isIn(span(5, 15))).toBe(false);
  });

  test('the network looks again before ten seconds are over', () => {
    const overlap = new LiveOverlap();
    expect(overlap.isDue(0)).toBe(true);
    overlap.take(activityOf(), span(0, 10));
    expect(overlap.isDue(17 * SECOND)).toBe(false);
    expect(overlap.isDue(18 * SECOND)).toBe(true);
  });

  test('what is remembered stays bounded to the last minute', () => {
    const overlap = new LiveOverlap();
    for (let at = 0; at < 3_600; at += 10) overlap.take(activityOf([1, 2]), span(at, at + 10));
    expect(overlap.isIn(span(3_591, 3_592))).toBe(true);
    expect(overlap.isIn(span(0, 3_500))).toBe(false);
  });
});
