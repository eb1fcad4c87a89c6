import { expect, test } from 'vitest';
import { withoutSilentEdges } from '../../src/speech/silentEdges.js';
import { HOP_SAMPLES, LIVE_SEGMENTER, SpeechSegmenter } from '../../src/speech/speechSegmenter.js';

const h = (hops: number): number => hops * HOP_SAMPLES;
const BEFORE = 1920;
const AFTER = 480;

/** The edges of the speech in hops of these probabilities: what is spoken is .9. */
function edgesOf(...runs: readonly (readonly [probability: number, hops: number])[]) {
  const input = runs.flatMap(([probability, hops]) => new Array<number>(hops).fill(probability));
  const segmenter = new SpeechSegmenter(LIVE_SEGMENTER);
  const [span] = [...segmenter.push(input), ...segmenter.flush(h(input.length))];
  const { startSample, endSample } = withoutSilentEdges(span!, (hop) => input[hop]!);
  return { before: h(input.indexOf(0.9)) - startSample, after: endSample - h(input.lastIndexOf(0.9) + 1) };
}

test.each([
  {
    name: 'silence around speech',
    runs: [
      [0, 10],
      [0.9, 20],
      [0, 20],
    ],
    before: BEFORE,
    after: AFTER,
  },
  {
    name: 'faint onset and ending',
    runs: [
      [0, 10],
      [0.1, 2],
      [0.9, 20],
      [0.1, 1],
      [0, 20],
    ],
    before: 2304,
    after: h(1) + AFTER,
  },
  {
    name: 'faint throughout: all of the padding',
    runs: [
      [0.1, 30],
      [0.9, 20],
      [0.1, 30],
    ],
    before: 2304,
    after: 2304,
  },
  { name: 'at the ends of the stream', runs: [[0.9, 20]], before: 0, after: 0 },
] as const)('$name', ({ runs, before, after }) => {
  expect(edgesOf(...runs)).toEqual({ before, after });
});
