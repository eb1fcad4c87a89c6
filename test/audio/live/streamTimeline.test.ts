import { expect, test } from 'vitest';
import { StreamTimeline } from '../../../src/audio/live/streamTimeline.js';

const MS = 1_000_000;
const piece = (ptsMs: number | undefined, ms = 100) => ({
  samples: new Float32Array(16 * ms),
  ptsNs: ptsMs === undefined ? undefined : ptsMs * MS,
});
const EPOCH_MS = 1_700_000_000_000;

test('a burst after a freeze has its time of recording, not of arrival', () => {
  const timeline = new StreamTimeline();
  const place = (ptsMs: number, atMs: number) => timeline.place(piece(ptsMs), EPOCH_MS + atMs)?.startSample;
  expect(place(5_000, 100)).toBe(0);
  expect(timeline.startedAtMs).toBe(EPOCH_MS);
  expect([5_100, 5_200, 5_300, 5_400].map((pts) => place(pts, 3_000))).toEqual([1_600, 3_200, 4_800, 6_400]);
  expect(place(5_500, 3_001)).toBe(8_000);
});

test('lost time is a gap to the sample; rounded times are none', () => {
  const timeline = new StreamTimeline();
  const starts = [0, 100.0001, 199.9999, 340, 440].map((pts) => timeline.place(piece(pts), EPOCH_MS)?.startSample);
  expect(starts).toEqual([0, 1_600, 3_200, 5_440, 7_040]);
});

test('what overlaps is taken once', () => {
  const timeline = new StreamTimeline();
  timeline.place(piece(0), EPOCH_MS);
  expect(timeline.place(piece(50), EPOCH_MS)).toMatchObject({ startSample: 1_600, samples: { length: 800 } });
  expect(timeline.place(piece(20), EPOCH_MS)).toBeUndefined();
});

test('between connections the wall clock gives the gap, not the new clock', () => {
  const timeline = new StreamTimeline();
  timeline.place(piece(70_000), EPOCH_MS + 100);
  timeline.reconnected();
  expect(timeline.place(piece(3), EPOCH_MS + 10_100)?.startSample).toBe(160_000);
  expect(timeline.place(piece(103), EPOCH_MS + 10_200)?.startSample).toBe(161_600);
  timeline.reconnected(); // at once, and its first audio is older than what we have
  expect(timeline.place(piece(0), EPOCH_MS + 10_210)?.startSample).toBe(163_200);
});

test('without times pieces follow on each other', () => {
  const timeline = new StreamTimeline();
  const starts = [0, 5_000, 5_000].map((atMs) => timeline.place(piece(undefined), EPOCH_MS + atMs)?.startSample);
  expect(starts).toEqual([0, 1_600, 3_200]);
});

test('a clock that jumps far ahead causes a reconnect', () => {
  const timeline = new StreamTimeline();
  timeline.place(piece(0), EPOCH_MS);
  expect(() => timeline.place(piece(3_600_000), EPOCH_MS + 200)).toThrow(
    expect.objectContaining({ code: 'LIVE_LOST' }),
  );
});

test('where the source counts more slowly than we do, the wall-clock time of sample 0 follows', () => {
  const timeline = new StreamTimeline();
  // 1 % slow, by packets that come up to 200 ms late: after ten minutes six seconds.
  for (let i = 0; i < 6_000; i += 1) {
    timeline.place(piece(100 * i), EPOCH_MS + 101 * (i + 1) + 200 * Math.abs(Math.sin(i)));
  }
  const latestEndMs = timeline.startedAtMs! + 600_000;
  expect(Math.abs(latestEndMs - (EPOCH_MS + 606_000))).toBeLessThan(700);
});
