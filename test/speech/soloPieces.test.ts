import { expect, test } from 'vitest';
import { LOCAL_FRAME_SAMPLES, LOCAL_VOICES } from '../../src/core/localVoices.js';
import { SoloPieces } from '../../src/speech/soloPieces.js';

const CHUNK = 500;
const HOP = 250;
const second = (seconds: number) => seconds * 16_000;

interface Part {
  readonly who: number;
  readonly from: number;
  readonly to: number;
}

/** Chunks over a conversation; the order of the local voices is another one in every chunk. */
function chunksOf(parts: readonly Part[], count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, chunk) => {
    const activity = new Uint8Array(CHUNK * LOCAL_VOICES);
    for (const { who, from, to } of parts) {
      for (let frame = 0; frame < CHUNK; frame += 1) {
        const at = ((chunk * HOP + frame) * LOCAL_FRAME_SAMPLES) / 16_000;
        if (at >= from && at < to) activity[frame * LOCAL_VOICES + ((who + chunk) % LOCAL_VOICES)] = 255;
      }
    }
    return activity;
  });
}

function piecesOf(parts: readonly Part[], from: number, to: number): number[][] {
  const pieces = new SoloPieces({ chunkFrames: CHUNK, hopFrames: HOP });
  for (const chunk of chunksOf(parts, 3)) pieces.push(chunk);
  pieces.finish();
  return pieces
    .piecesOf({ startSample: second(from), endSample: second(to) })
    .map(({ startSample, endSample }) => [startSample / 16_000, endSample / 16_000]);
}

test.each([
  { name: 'one voice over all chunks is one piece', parts: [{ who: 0, from: 1, to: 19 }], pieces: [[1, 19]] },
  {
    name: 'a change of voice is a cut',
    parts: [
      { who: 0, from: 1, to: 7 },
      { who: 1, from: 7, to: 19 },
    ],
    pieces: [
      [1, 7],
      [7, 19],
    ],
  },
  {
    name: 'where two speak there is no piece',
    parts: [
      { who: 0, from: 1, to: 8 },
      { who: 1, from: 7, to: 19 },
    ],
    pieces: [
      [1, 7],
      [8, 19],
    ],
  },
  {
    name: 'a pause of one voice is no cut, one between two voices is cut in the middle',
    parts: [
      { who: 2, from: 1, to: 4 },
      { who: 2, from: 4.2, to: 8 },
      { who: 1, from: 9, to: 19 },
    ],
    pieces: [
      [1, 8.5],
      [8.5, 19],
    ],
  },
  {
    name: 'a cough of another voice is left out',
    parts: [
      { who: 0, from: 1, to: 9 },
      { who: 1, from: 9, to: 9.2 },
      { who: 0, from: 9.2, to: 19 },
    ],
    pieces: [
      [1, 9],
      [9.2, 19],
    ],
  },
  { name: 'nobody heard: the stretch is left whole', parts: [], pieces: [[1, 19]] },
])('pieces: $name', ({ parts, pieces }) => {
  expect(piecesOf(parts, 1, 19)).toEqual(pieces);
});

test('a chunk settles what lies nearer to its middle than to the next one, the end settles all', () => {
  const pieces = new SoloPieces({ chunkFrames: CHUNK, hopFrames: HOP });
  expect(pieces.settledSample).toBe(0);
  const [first, next] = chunksOf([{ who: 0, from: 0, to: 15 }], 2);
  pieces.push(first!);
  expect(pieces.settledSample).toBe(second(7.5));
  pieces.push(next!);
  expect(pieces.settledSample).toBe(second(12.5));
});
