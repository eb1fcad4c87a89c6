import { expect, test } from 'vitest';
import {
  HOP_SAMPLES,
  NARROW_BAND_SEGMENTER,
  SpeechSegmenter,
  WIDE_BAND_SEGMENTER,
} from '../../src/speech/speechSegmenter.js';

/** Hops to samples. */
const h = (hops: number): number => hops * HOP_SAMPLES;
const PAD = 800;

/** `.9 x 10` and the like, joined. */
const probabilities = (...runs: readonly (readonly [probability: number, hops: number])[]): number[] =>
  runs.flatMap(([probability, hops]) => new Array<number>(hops).fill(probability));

test.each([
  { name: 'silence', input: probabilities([0.1, 40]), spans: [] },
  {
    name: 'one stretch, padded',
    input: probabilities([0, 10], [0.9, 20], [0, 20]),
    spans: [[h(10) - PAD, h(30) + PAD]],
  },
  { name: 'a click is dropped', input: probabilities([0, 10], [0.9, 7], [0, 20]), spans: [] },
  {
    name: 'a short word is kept',
    input: probabilities([0, 10], [0.9, 8], [0, 20]),
    spans: [[h(10) - PAD, h(18) + PAD]],
  },
  {
    name: 'a pause within the hang-over is speech',
    input: probabilities([0.9, 10], [0, 5], [0.9, 10], [0, 9]),
    spans: [[0, h(25) + PAD]],
  },
  {
    name: 'a longer pause parts two stretches',
    input: probabilities([0.9, 10], [0, 6], [0.9, 10], [0, 9]),
    spans: [
      [0, h(10) + PAD],
      [h(16) - PAD, h(26) + PAD],
    ],
  },
  { name: 'between the thresholds does not begin speech', input: probabilities([0.4, 40]), spans: [] },
  {
    name: 'between the thresholds goes on with speech',
    input: probabilities([0.9, 2], [0.4, 20], [0, 9]),
    spans: [[0, h(22) + PAD]],
  },
  {
    name: 'speech at the end is padded no further than the end',
    input: probabilities([0, 4], [0.9, 16]),
    spans: [[h(4) - PAD, h(20)]],
  },
])('$name', ({ input, spans }) => {
  const segmenter = new SpeechSegmenter(WIDE_BAND_SEGMENTER);
  const found = [...segmenter.push(input), ...segmenter.flush(h(input.length))];
  expect(found.map(({ startSample, endSample }) => [startSample, endSample])).toEqual(spans);
});

test('narrow-band thresholds detect fainter speech', () => {
  const input = probabilities([0.35, 10], [0.22, 10]);
  expect(new SpeechSegmenter(WIDE_BAND_SEGMENTER).push(input)).toEqual([]);
  const narrow = new SpeechSegmenter(NARROW_BAND_SEGMENTER);
  expect([...narrow.push(input), ...narrow.flush(h(20))]).toEqual([{ startSample: 0, endSample: h(20) }]);
});

test('one by one gives the same spans as all at once', () => {
  const input = probabilities([0, 3], [0.9, 30], [0.1, 8], [0.6, 9], [0.2, 3], [0.8, 4], [0, 30], [0.7, 12]);
  const whole = new SpeechSegmenter(WIDE_BAND_SEGMENTER);
  const expected = [...whole.push(input), ...whole.flush(h(input.length))];
  const single = new SpeechSegmenter(WIDE_BAND_SEGMENTER);
  const found = input.flatMap((probability) => single.push([probability]));
  expect([...found, ...single.flush(h(input.length))]).toEqual(expected);
  expect(expected.length).toBe(3);
});

test('a long monologue is cut at its least speechlike hop, gapless', () => {
  const options = { ...WIDE_BAND_SEGMENTER, maxSpeechMs: 3200 }; // 100 hops
  const input = probabilities([0.9, 70], [0.6, 1], [0.9, 120], [0, 10]);
  const segmenter = new SpeechSegmenter(options);
  const spans = [...segmenter.push(input), ...segmenter.flush(h(input.length))];
  expect(spans[0]).toEqual({ startSample: 0, endSample: h(70) });
  for (let i = 1; i < spans.length; i += 1) expect(spans[i]!.startSample).toBe(spans[i - 1]!.endSample);
  expect(spans.at(-1)!.endSample).toBe(h(191) + PAD);
  for (const { startSample, endSample } of spans) expect(endSample - startSample).toBeLessThanOrEqual(h(100) + PAD);
});

test('a live monologue is cut only where its audio is still held', () => {
  const options = { ...WIDE_BAND_SEGMENTER, maxSpeechMs: 3200, cutWithinMs: 640 }; // 100 and 20 hops
  const input = probabilities([0.9, 60], [0.4, 1], [0.9, 29], [0.7, 1], [0.9, 60], [0, 10]);
  const segmenter = new SpeechSegmenter(options);
  const cut = input.flatMap((probability, hop) => segmenter.push([probability]).map((span) => ({ span, hop })))[0]!;
  expect(cut.span.endSample).toBe(h(90));
  expect(h(cut.hop) - cut.span.endSample).toBeLessThanOrEqual(h(20));
});

test('what is settled never comes back', () => {
  const input = probabilities([0, 20], [0.9, 300], [0, 30], [0.9, 5], [0, 30], [0.9, 40], [0, 3]);
  const segmenter = new SpeechSegmenter({ ...WIDE_BAND_SEGMENTER, maxSpeechMs: 4000 });
  let settled = 0;
  let count = 0;
  for (const probability of input) {
    for (const span of segmenter.push([probability])) {
      expect(span.startSample).toBeGreaterThanOrEqual(settled);
      count += 1;
    }
    expect(segmenter.settledSample).toBeGreaterThanOrEqual(settled);
    settled = segmenter.settledSample;
  }
  expect(count).toBeGreaterThan(2);
});
