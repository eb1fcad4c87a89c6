import { expect, test } from 'vitest';
import { unit } from '../../../src/core/vector.js';
import { secondVoice } from '../../../src/engine/enrolment/secondVoice.js';
import type { EmbeddedSpeech } from '../../../src/engine/recording/speechOf.js';

const DIMENSIONS = 32;
const SECOND = 16_000;

/** One window of 1.5 s for each voice given, each in a stretch of its own; `wobble` makes every window differ. */
function speechOfVoices(voices: readonly number[], wobble = 0.6, seconds = 1.5): EmbeddedSpeech {
  const embeddings = new Float32Array(voices.length * DIMENSIONS);
  voices.forEach((person, i) => {
    const values = new Float32Array(DIMENSIONS);
    values[person] = 1;
    values[10 + (i % 20)] = wobble;
    embeddings.set(unit(values), i * DIMENSIONS);
  });
  const spans = voices.map((_, i) => ({ startSample: i * 2 * SECOND, endSample: (i * 2 + seconds) * SECOND }));
  const samples = voices.length * 2 * SECOND;
  return { samples, peak: 1, speech: spans, windows: spans, dimensions: DIMENSIONS, embeddings };
}

test.each([
  { name: 'one after the other', voices: [0, 0, 0, 0, 1, 1, 1], leastSpeechMs: 4_500 },
  { name: 'taking turns', voices: [0, 1, 0, 1, 0, 1, 0], leastSpeechMs: 4_500 },
  { name: 'one short interjection', voices: [0, 0, 0, 1, 0, 0, 0], leastSpeechMs: 1_500 },
])('two people $name are split as they spoke', ({ voices, leastSpeechMs }) => {
  const split = secondVoice(speechOfVoices(voices));
  expect(split?.leastSpeechMs).toBe(leastSpeechMs);
  expect(split!.similarity).toBeLessThan(0.2);
});

test('one person’s halves stay alike, however the sample is cut', () => {
  expect(secondVoice(speechOfVoices([0, 0, 0, 0, 0, 0, 0]))!.similarity).toBeGreaterThan(0.7);
});

test.each([
  { name: 'nothing', heard: speechOfVoices([]) },
  { name: 'one window', heard: speechOfVoices([0]) },
  { name: 'a word of somebody else', heard: speechOfVoices([0, 1], 0.6, 0.7) },
  { name: 'windows too short to judge', heard: speechOfVoices([0, 0, 0, 1, 1, 1], 0.6, 0.3) },
])('$name cannot be split', ({ heard }) => {
  expect(secondVoice(heard)).toBeUndefined();
});

test('a long sample is looked at in bounded time', () => {
  const voices = Array.from({ length: 400 }, (_, i) => (i < 250 ? 0 : 1));
  const begun = performance.now();
  const split = secondVoice(speechOfVoices(voices));
  expect(split?.leastSpeechMs).toBe(150 * 1_500);
  expect(performance.now() - begun).toBeLessThan(3_000);
});
