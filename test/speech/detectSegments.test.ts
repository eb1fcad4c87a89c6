import { describe, expect, test } from 'vitest';
import type { AudioFrame } from '../../src/core/audioFrame.js';
import { type AudioSegment, type DetectSpeech, detectSegments } from '../../src/speech/detectSegments.js';
import { HOP_SAMPLES, WIDE_BAND_SEGMENTER } from '../../src/speech/speechSegmenter.js';

const never = new AbortController().signal;

/** A network whose answer can be read off the audio: speech where the first sample of a hop is above a half. */
const readOff: DetectSpeech = async (samples) => ({
  probabilities: Float32Array.from({ length: Math.floor(samples.length / HOP_SAMPLES) }, (_, hop) =>
    samples[hop * HOP_SAMPLES]! > 0.5 ? 0.9 : 0,
  ),
  state: { recurrent: new Float32Array(256), context: samples.slice(-64) },
});

/** Speech (above a half) in the given hops, and a ramp below so that a lost sample shows; of changing sign, without an offset. */
function recording(hops: number, spoken: readonly (readonly [from: number, to: number])[], extra = 0): Float32Array {
  const samples = Float32Array.from({ length: hops * HOP_SAMPLES + extra }, (_, i) => (i % 9973) / 40_000);
  for (const [from, to] of spoken) {
    for (let i = from * HOP_SAMPLES; i < Math.min(samples.length, to * HOP_SAMPLES); i += 1) samples[i]! += 0.6;
  }
  return samples.map((value, i) => (i % 2 === 0 ? value : -value));
}

async function* framesOf(samples: Float32Array, size: number): AsyncGenerator<AudioFrame> {
  for (let at = 0; at < samples.length; at += size) {
    yield { samples: samples.slice(at, at + size), sampleRateHz: 16_000, startSample: at };
  }
}

async function collect(samples: Float32Array, { frame = 16_000, pieceMs = 1000, maxSpeechMs = 30_000 } = {}) {
  const segmenter = { ...WIDE_BAND_SEGMENTER, maxSpeechMs };
  const stream = detectSegments(framesOf(samples, frame), { segmenter, detect: readOff, signal: never, pieceMs });
  const segments: AudioSegment[] = [];
  for (;;) {
    const next = await stream.next();
    if (next.done) return { segments, report: next.value };
    segments.push(next.value);
  }
}

describe('speech of a stream', () => {
  const samples = recording(
    400,
    [
      [10, 60],
      [90, 95],
      [120, 300],
      [390, 401],
    ],
    300,
  );

  test.each([
    { name: 'frames of a second, pieces of a second', frame: 16_000, pieceMs: 1000 },
    { name: 'tiny frames', frame: 37, pieceMs: 500 },
    { name: 'one frame, one piece', frame: 1_000_000, pieceMs: 60_000 },
    { name: 'pieces of one hop', frame: 4000, pieceMs: 32 },
  ])('$name: the same spans with exactly their audio', async ({ frame, pieceMs }) => {
    const { segments, report } = await collect(samples, { frame, pieceMs });
    expect(report.samples).toBe(samples.length);
    expect(segments.map(({ startSample, endSample }) => [startSample, endSample])).toEqual([
      [10 * HOP_SAMPLES - 800, 60 * HOP_SAMPLES + 800],
      [120 * HOP_SAMPLES - 800, 300 * HOP_SAMPLES + 800],
      [390 * HOP_SAMPLES - 800, samples.length],
    ]);
    for (const segment of segments) {
      const expected = samples.slice(segment.startSample, segment.endSample);
      expect(Buffer.from(segment.samples.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
    }
  });

  test('a constant offset is kept from the network, and stays in the audio', async () => {
    const shifted = samples.map((value) => value + 0.4);
    const spansOf = ({ segments }: Awaited<ReturnType<typeof collect>>) =>
      segments.map(({ startSample, endSample }) => ({ startSample, endSample }));
    const found = await collect(shifted);
    expect(spansOf(found)).toEqual(spansOf(await collect(samples)));
    expect(found.segments[0]!.samples).toEqual(
      shifted.slice(found.segments[0]!.startSample, found.segments[0]!.endSample),
    );
  });

  test('a monologue without a pause comes in parts, gapless', async () => {
    const long = recording(2000, [[0, 2000]]);
    const { segments } = await collect(long, { maxSpeechMs: 5000 });
    expect(segments.length).toBeGreaterThan(10);
    expect(segments[0]!.startSample).toBe(0);
    for (let i = 1; i < segments.length; i += 1) expect(segments[i]!.startSample).toBe(segments[i - 1]!.endSample);
    expect(segments.at(-1)!.endSample).toBe(long.length);
  });

  test('silence and nothing at all have no speech', async () => {
    expect(await collect(recording(100, []))).toEqual({ segments: [], report: { samples: 100 * HOP_SAMPLES } });
    expect(await collect(new Float32Array())).toEqual({ segments: [], report: { samples: 0 } });
  });

  test('state goes from piece to piece', async () => {
    const states: unknown[] = [];
    const detect: DetectSpeech = (piece, state, signal) => {
      states.push(state?.context[63]);
      return readOff(piece, state, signal);
    };
    const options = { segmenter: WIDE_BAND_SEGMENTER, detect, signal: never, pieceMs: 1024 };
    for await (const segment of detectSegments(framesOf(samples, 16_000), options)) void segment;
    const piece = 32 * HOP_SAMPLES;
    expect(states.slice(0, 3)).toEqual([undefined, samples[piece - 1], samples[2 * piece - 1]]);
  });

  test('what the network throws reaches the caller', async () => {
    const detect: DetectSpeech = () => Promise.reject(new Error('gone'));
    const stream = detectSegments(framesOf(samples, 16_000), { segmenter: WIDE_BAND_SEGMENTER, detect, signal: never });
    await expect(stream.next()).rejects.toThrow('gone');
  });
});
