import { describe, expect, test } from 'vitest';
import { LOCAL_VOICES, type LocalPiece } from '../../../src/core/localVoices.js';
import { unit } from '../../../src/core/vector.js';
import { secondVoiceIn, secondVoiceInWindows } from '../../../src/engine/enrolment/secondVoice.js';
import { overlapOf } from '../../../src/engine/enrolment/secondVoiceEvidence.js';
import { splitVoice } from '../../../src/engine/enrolment/splitVoice.js';
import type { EmbeddedLocalSpeech } from '../../../src/engine/recording/localSpeechOf.js';
import type { EmbeddedSpeech } from '../../../src/engine/recording/speechOf.js';
import { localPiecesOf } from '../../../src/speech/localPieces.js';

const DIMENSIONS = 32;
const SECOND = 16_000;

/** A voice; `wobble` makes every embedding of it differ. */
function embeddingOf(person: number, i: number, wobble = 0.6): Float32Array<ArrayBuffer> {
  const values = new Float32Array(DIMENSIONS);
  values[person] = 1;
  values[10 + (i % 20)] = wobble;
  return unit(values);
}

const piecesOf = (voices: readonly number[], seconds = 1.5) => ({
  embeddings: voices.map((person, i) => embeddingOf(person, i)),
  speechMs: voices.map(() => 1_000 * seconds),
  spans: voices.map((_, i) => ({ startSample: i * 2 * SECOND, endSample: (i * 2 + seconds) * SECOND })),
});

/** One window of 1.5 s for each voice given, each in a segment of its own. */
function windowsOf(voices: readonly number[], seconds = 1.5): EmbeddedSpeech {
  const { embeddings, spans } = piecesOf(voices, seconds);
  const rows = new Float32Array(voices.length * DIMENSIONS);
  embeddings.forEach((embedding, i) => {
    rows.set(embedding, i * DIMENSIONS);
  });
  const samples = voices.length * 2 * SECOND;
  return { samples, peak: 1, speech: spans, windows: spans, dimensions: DIMENSIONS, embeddings: rows };
}

describe('a split in two', () => {
  test.each([
    { name: 'one after the other', voices: [0, 0, 0, 0, 1, 1, 1], leastSpeechMs: 4_500, smaller: [4, 5, 6] },
    { name: 'taking turns', voices: [0, 1, 0, 1, 0, 1, 0], leastSpeechMs: 4_500, smaller: [1, 3, 5] },
    { name: 'one short interjection', voices: [0, 0, 0, 1, 0, 0, 0], leastSpeechMs: 1_500, smaller: [3] },
  ])('separates two people $name as they spoke', ({ voices, leastSpeechMs, smaller }) => {
    const split = splitVoice(piecesOf(voices), 1_000);
    expect(split).toMatchObject({ leastSpeechMs, smaller });
    expect(split!.similarity).toBeLessThan(0.2);
  });

  test('leaves one person’s halves alike', () => {
    expect(splitVoice(piecesOf([0, 0, 0, 0, 0, 0, 0]), 1_000)!.similarity).toBeGreaterThan(0.7);
  });

  test.each([
    { name: 'nothing', pieces: piecesOf([]) },
    { name: 'one piece', pieces: piecesOf([0]) },
    { name: 'a word of somebody else', pieces: piecesOf([0, 1], 0.7) },
  ])('is not made of $name', ({ pieces }) => {
    expect(splitVoice(pieces, 1_000)).toBeUndefined();
  });
});

test('without a segmentation model, windows of two people are found, with the places of the one with less speech', () => {
  expect(secondVoiceInWindows(windowsOf([0, 0, 0, 1, 1]))).toEqual({
    speechMs: 3_000,
    spans: [{ start: 6, end: 9.5 }],
  });
  expect(secondVoiceInWindows(windowsOf([0, 0, 0, 0, 0]))).toBeUndefined();
  expect(secondVoiceInWindows(windowsOf([0, 0, 0, 1, 1, 1], 0.3))).toBeUndefined(); // too short to judge
});

const CHUNK_FRAMES = 500;

/** One chunk of ten seconds: which local voices speak, and how surely (of 255), from one second to another. */
type Spoken = readonly { readonly local: number; readonly from: number; readonly to: number; readonly sure?: number }[];

/** What the networks find in ten seconds; `people` says whose voice each local voice has. */
function chunkOf(spoken: Spoken, people: readonly number[], embed = embeddingOf): EmbeddedLocalSpeech {
  const activity = new Uint8Array(CHUNK_FRAMES * LOCAL_VOICES);
  for (const { local, from, to, sure = 255 } of spoken)
    for (let frame = from * 50; frame < to * 50; frame += 1) activity[frame * LOCAL_VOICES + local] = sure;
  const pieces: LocalPiece[] = localPiecesOf(activity, 0, CHUNK_FRAMES);
  const embeddings = new Float32Array(pieces.length * DIMENSIONS);
  pieces.forEach(({ local }, i) => {
    embeddings.set(embed(people[local]!, i), i * DIMENSIONS);
  });
  const voices = { chunkFrames: CHUNK_FRAMES, hopFrames: 100, activity };
  const samples = 10 * SECOND;
  const speech = [{ startSample: 0, endSample: samples }];
  return {
    samples,
    peak: 1,
    local: { samples, voices, pieces, speech, audible: speech },
    dimensions: DIMENSIONS,
    embeddings,
  };
}

describe('with a segmentation model', () => {
  test('a second person is found where the network separates two voices that embeddings confirm, with the place', () => {
    const spoken = [
      { local: 0, from: 0, to: 6 },
      { local: 1, from: 6.5, to: 8.5 },
    ];
    expect(secondVoiceIn(chunkOf(spoken, [0, 1]), false)).toEqual({
      speechMs: 2_000,
      spans: [{ start: 6.5, end: 8.5 }],
    });
    expect(secondVoiceIn(chunkOf(spoken, [0, 0]), false)).toBeUndefined(); // one voice in two ways
  });

  test('a word of somebody else is not', () => {
    const spoken = [
      { local: 0, from: 0, to: 6 },
      { local: 1, from: 6.5, to: 7.2 },
    ];
    expect(secondVoiceIn(chunkOf(spoken, [0, 1]), false)).toBeUndefined();
  });

  test('a person behind the other is found by what both say at once, even where embeddings show only the louder one', () => {
    const behind = (to: number) => [
      { local: 0, from: 0, to: 9 },
      { local: 1, from: 3, to, sure: 180 },
    ];
    const found = secondVoiceIn(chunkOf(behind(5), [0, 0]), false);
    expect(found).toMatchObject({ spans: [{ start: 3, end: 5 }] });
    expect(found!.speechMs).toBeCloseTo((2_000 * 180) / 255, 0);
    expect(secondVoiceIn(chunkOf(behind(3.4), [0, 0]), false)).toBeUndefined();
  });

  test('in telephone audio it takes half a second of both at once', () => {
    const behind = (to: number) =>
      chunkOf(
        [
          { local: 0, from: 0, to: 9 },
          { local: 1, from: 3, to },
        ],
        [0, 0],
      );
    expect(secondVoiceIn(behind(3.42), false)).toBeDefined();
    expect(secondVoiceIn(behind(3.42), true)).toBeUndefined();
    expect(secondVoiceIn(behind(3.6), true)).toMatchObject({ spans: [{ start: 3, end: 3.6 }] });
  });

  test('in telephone audio a second or two of a voice that is half as similar is somebody else', () => {
    const similar = (person: number, i: number) => {
      const values = embeddingOf(person, i);
      if (person === 1) values.set([0.47 * values[1]!, 0.883 * values[1]!]);
      return values;
    };
    const spoken = [
      { local: 0, from: 0, to: 6 },
      { local: 1, from: 6.5, to: 8 },
    ];
    expect(secondVoiceIn(chunkOf(spoken, [0, 1], similar), false)).toBeUndefined();
    expect(secondVoiceIn(chunkOf(spoken, [0, 1], similar), true)).toMatchObject({ spans: [{ start: 6.5, end: 8 }] });
  });

  test('a network that is not sure which of two voices speaks says nothing of two', () => {
    const { local, samples } = chunkOf(
      [
        { local: 0, from: 0, to: 8, sure: 128 },
        { local: 1, from: 0, to: 8, sure: 127 },
      ],
      [0, 1],
    );
    expect(overlapOf(local.voices, samples)).toEqual({ allMs: 0, mostInChunkMs: 0, spans: [] });
  });
});
