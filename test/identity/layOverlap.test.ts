import { expect, test } from 'vitest';
import { LOCAL_FRAME_SAMPLES, LOCAL_VOICES } from '../../src/core/localVoices.js';
import { layOverlap } from '../../src/identity/layOverlap.js';

const CHUNK = 500;
const HOP = 250;
const frames = (seconds: number) => Math.round((seconds * 16_000) / LOCAL_FRAME_SAMPLES);
const span = (from: number, to: number) => ({ startSample: from * 16_000, endSample: to * 16_000 });

/** Two chunks in which local voice 0 and 1 speak in these seconds; in the second chunk they have changed their numbers. */
function localVoices(parts: readonly { local: number; from: number; to: number }[]) {
  const activity = new Uint8Array(2 * CHUNK * LOCAL_VOICES);
  for (const chunk of [0, 1]) {
    for (const { local, from, to } of parts) {
      for (let frame = frames(from); frame < frames(to); frame += 1) {
        const at = frame - chunk * HOP;
        if (at >= 0 && at < CHUNK) activity[(chunk * CHUNK + at) * LOCAL_VOICES + ((local + chunk) % 2)] = 255;
      }
    }
  }
  return { chunkFrames: CHUNK, hopFrames: HOP, activity };
}

test.each([
  {
    name: 'two who talk at once have turns that overlap',
    spans: [
      { ...span(1, 6), voice: 0 },
      { ...span(7, 12), voice: 1 },
    ],
    parts: [
      { local: 0, from: 1, to: 7 },
      { local: 1, from: 6, to: 12 },
    ],
    turns: [
      { ...span(1, 7), voice: 0 },
      { ...span(6, 12), voice: 1 },
    ],
  },
  {
    name: 'speech that no local voice explains goes to the nearer turn',
    spans: [
      { ...span(1, 6), voice: 0 },
      { ...span(7, 12), voice: 1 },
    ],
    parts: [],
    turns: [
      { ...span(1, 6.5), voice: 0 },
      { ...span(6.5, 12), voice: 1 },
    ],
  },
  {
    name: 'a local voice that never speaks alone is nobody; the other one goes on',
    spans: [
      { ...span(1, 6), voice: 0 },
      { ...span(7, 12), voice: 0 },
    ],
    parts: [
      { local: 0, from: 1, to: 12 },
      { local: 1, from: 6, to: 7 },
    ],
    turns: [{ ...span(1, 12), voice: 0 }],
  },
  {
    name: 'a sound of .2 s beneath another voice is none, one of .4 s is somebody',
    spans: [
      { ...span(1, 4), voice: 0 },
      { ...span(5, 8), voice: 0 },
      { ...span(9, 12), voice: 1 },
    ],
    parts: [
      { local: 0, from: 1, to: 9 },
      { local: 1, from: 4.2, to: 4.4 },
      { local: 1, from: 8.2, to: 8.6 },
      { local: 1, from: 9, to: 12 },
    ],
    turns: [
      { ...span(1, 9), voice: 0 },
      { ...span(8.2, 8.6), voice: 1 },
      { ...span(9, 12), voice: 1 },
    ],
  },
  {
    name: 'turns that leave nothing open stay as they are',
    spans: [
      { ...span(1, 6), voice: 0 },
      { ...span(6, 12), voice: 1 },
    ],
    parts: [{ local: 0, from: 1, to: 12 }],
    turns: [
      { ...span(1, 6), voice: 0 },
      { ...span(6, 12), voice: 1 },
    ],
  },
])('overlap: $name', ({ spans, parts, turns }) => {
  const laid = layOverlap({ spans, voices: 2, speech: [span(1, 12)], localVoices: localVoices(parts) });
  expect(laid).toEqual(turns.map(({ startSample, endSample, voice }) => ({ voice, startSample, endSample })));
});
