import { expect, test } from 'vitest';
import { LiveLoudness } from '../../src/speech/liveLoudness.js';

const pauses = (loudness: LiveLoudness, count: number, power: number) => {
  for (let hop = 0; hop < count; hop += 1) loudness.add(power, 0.01);
};

test.each([
  { name: 'clean speech', speech: 1, noise: 1e-4, expected: 40 },
  { name: 'speech as loud as the noise under it', speech: 2, noise: 1, expected: 0 },
  { name: 'speech no louder than the pauses', speech: 1, noise: 1, expected: 0 },
  { name: 'speech beside digital silence', speech: 1, noise: 0, expected: 60 },
])('$name: $expected dB', ({ speech, noise, expected }) => {
  const loudness = new LiveLoudness();
  pauses(loudness, 40, noise);
  for (let hop = 0; hop < 30; hop += 1) loudness.add(speech, 0.9);
  expect(loudness.snrDb).toBeCloseTo(expected, 1);
});

test('gives no estimate before there was speech and half a second of pauses', () => {
  const loudness = new LiveLoudness();
  loudness.add(1, 0.9);
  pauses(loudness, 15, 0.01);
  expect(loudness.snrDb).toBeUndefined();
  pauses(loudness, 1, 0.01);
  expect(loudness.snrDb).toBeCloseTo(20, 0);
  loudness.restart();
  expect(loudness.snrDb).toBeUndefined();
});

test('follows a noise that changes', () => {
  const loudness = new LiveLoudness();
  pauses(loudness, 200, 0.5);
  pauses(loudness, 200, 0.001);
  loudness.add(1, 0.9);
  expect(loudness.snrDb).toBeGreaterThan(29);
});
