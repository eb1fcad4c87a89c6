import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { LOCAL_VOICES } from '../../src/core/localVoices.js';
import { ModelStore } from '../../src/inference/modelStore.js';
import { framesOfChunk, SegmentationNet } from '../../src/speech/segmentationNet.js';
import { trySegmentation } from '../../src/speech/trySegmentation.js';

const path = fileURLToPath(new URL('../fixtures/segmentation/toneSegmentation.onnx', import.meta.url));
const model = (await (await ModelStore.open()).resolveSegmentation(path))!;
const RATE_HZ = 16_000;

/** Tones of amplitude .1 in seconds [from, to). */
function tones(seconds: number, parts: readonly { hz: number; from: number; to: number }[]): Float32Array {
  const samples = new Float32Array(seconds * RATE_HZ);
  for (const { hz, from, to } of parts) {
    for (let i = from * RATE_HZ; i < to * RATE_HZ; i += 1)
      samples[i]! += 0.1 * Math.sin((2 * Math.PI * hz * i) / RATE_HZ);
  }
  return samples;
}

/** Voices heard at a moment. */
const voicesAt = (activity: Uint8Array, seconds: number): number[] => {
  const frame = Math.floor((seconds * RATE_HZ) / 320);
  return [0, 1, 2].filter((voice) => activity[frame * LOCAL_VOICES + voice]! >= 128);
};

test('who speaks in each frame of a window, two at once included, and silence after a shorter one', async () => {
  await trySegmentation(model);
  const net = await SegmentationNet.open(model);
  const activity = await net.activity(
    tones(8, [
      { hz: 300, from: 1, to: 4 },
      { hz: 1000, from: 3, to: 6 },
      { hz: 2500, from: 7, to: 8 },
    ]),
  );
  expect(activity.length).toBe(framesOfChunk(model) * LOCAL_VOICES);
  const heard = [0.5, 2, 3.5, 5, 6.5, 7.5, 9].map((seconds) => voicesAt(activity, seconds));
  expect(heard).toEqual([[], [0], [0, 1], [1], [], [2], []]);
  // Changes lie where they are, within two of the network's frames (34 ms).
  for (const { voice, at } of [
    { voice: 0, at: 1 },
    { voice: 0, at: 4 },
    { voice: 1, at: 3 },
    { voice: 1, at: 6 },
  ]) {
    const sides = [at - 0.034, at + 0.034].map((seconds) => voicesAt(activity, seconds).includes(voice));
    expect(sides[0]).not.toBe(sides[1]);
  }
});
