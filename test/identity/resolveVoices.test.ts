import { describe, expect, test } from 'vitest';
import type { SampleSpan } from '../../src/core/audioFrame.js';
import { UNCALIBRATED } from '../../src/identity/calibration.js';
import { resolveVoices, type VoicesInput } from '../../src/identity/resolveVoices.js';
import type { EnrolledVoice } from '../../src/identity/voices.js';
import { flat, madeVoices } from './madeVoices.js';

const DIMENSIONS = 192;
const HOP = 12_000;
const WINDOW = 24_000;

/** Turns of four windows, half a second apart, each a segment of speech. */
function recordingOf(turns: readonly number[]) {
  const windowsEach = 4;
  const { embeddings, voices } = madeVoices({ dimensions: DIMENSIONS, turns, windowsEach, spread: 0.8 });
  const speech: SampleSpan[] = turns.map((_, i) => {
    const startSample = i * (WINDOW + 3 * HOP + 8_000);
    return { startSample, endSample: startSample + WINDOW + 3 * HOP };
  });
  const windows = speech.flatMap(({ startSample }) =>
    Array.from({ length: windowsEach }, (_, i) => ({
      startSample: startSample + i * HOP,
      endSample: startSample + i * HOP + WINDOW,
    })),
  );
  const input: VoicesInput = {
    dimensions: DIMENSIONS,
    embeddings: flat(embeddings),
    windows,
    speech,
    voices: [],
    calibration: UNCALIBRATED,
    falseAcceptPercent: 1,
    isNarrowBand: false,
  };
  return { input, voices, speech };
}

const enrolled = (id: string, mean: Float32Array<ArrayBuffer>): EnrolledVoice => ({
  id,
  mean,
  exemplars: [mean],
  speechSeconds: 18,
  isNarrowBand: false,
});

describe('resolveVoices', () => {
  test('two enrolled people taking turns are two people, and named', () => {
    const { input, voices, speech } = recordingOf([0, 1, 0, 1, 0, 1]);
    const gallery = [enrolled('ann', voices[0]!), enrolled('ben', voices[1]!)];
    const { turns } = resolveVoices({ ...input, voices: gallery });
    expect(turns.map(({ speakerId }) => speakerId)).toEqual(['ann', 'ben', 'ann', 'ben', 'ann', 'ben']);
    expect(turns.every(({ decision }) => decision === 'identified')).toBe(true);
    expect(turns.map(({ startSample, endSample }) => ({ startSample, endSample }))).toEqual(speech);
  });

  test('one person with pauses is one person', () => {
    const { input, voices } = recordingOf([0, 0, 0, 0, 0]);
    const { turns } = resolveVoices({ ...input, voices: [enrolled('ann', voices[0]!)] });
    expect(new Set(turns.map(({ voice }) => voice))).toEqual(new Set([0]));
  });

  test('strangers stay apart, in order of appearance, and none is named', () => {
    const { input } = recordingOf([0, 1, 0, 2, 1]);
    const { turns } = resolveVoices(input);
    expect(turns.map(({ voice }) => voice)).toEqual([0, 1, 0, 2, 1]);
    expect(
      turns.every(({ decision, speakerId, score }) => decision === 'unknown' && speakerId === null && score === 0),
    ).toBe(true);
  });

  test('a stranger beside an enrolled person is not given the name', () => {
    const { input, voices } = recordingOf([0, 1, 0, 1]);
    const { turns } = resolveVoices({ ...input, voices: [enrolled('ann', voices[0]!)] });
    expect(turns.map(({ speakerId }) => speakerId)).toEqual(['ann', null, 'ann', null]);
  });

  test('scores are probabilities, candidates best first and at most three', () => {
    const { input, voices } = recordingOf([0, 1, 2, 3]);
    const gallery = voices.map((voice, i) => enrolled(`p${i}`, voice));
    const { turns } = resolveVoices({ ...input, voices: gallery });
    for (const { candidates, score, margin } of turns) {
      expect(candidates).toHaveLength(3);
      expect(candidates.map((one) => one.score)).toEqual(candidates.map((one) => one.score).toSorted((a, b) => b - a));
      expect(candidates.reduce((sum, one) => sum + one.score, 0)).toBeLessThanOrEqual(1 + 1e-9);
      expect(score).toBeGreaterThan(0.5);
      expect(margin).toBeLessThanOrEqual(score);
    }
  });

  test('a stricter preset makes a name uncertain, never another name', () => {
    const { input, voices } = recordingOf([0, 1, 0, 1]);
    const calibration = { ...UNCALIBRATED, falseAcceptLlr: { '0.1': 1000, '1': 2, '5': 0.5 } };
    const gallery = [enrolled('ann', voices[0]!)];
    const strict = resolveVoices({ ...input, voices: gallery, calibration, falseAcceptPercent: 0.1 });
    expect(strict.turns[0]).toMatchObject({ speakerId: 'ann', decision: 'uncertain' });
  });

  test('nothing said is no turn', () => {
    const { input } = recordingOf([0]);
    const empty = { ...input, windows: [], speech: [], embeddings: new Float32Array(0) };
    expect(resolveVoices(empty).turns).toEqual([]);
  });
});
