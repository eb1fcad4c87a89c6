import { describe, expect, test } from 'vitest';
import { frontEndOf } from '../../src/inference/frontEnd.js';
import { readOnnxMetadata } from '../../src/inference/onnxMetadata.js';
import { onnxFile } from './protobuf.js';

const frontEnd = (properties: Record<string, string>, overrides = {}) =>
  frontEndOf(readOnnxMetadata(onnxFile({ properties })), overrides);

describe('front end by metadata', () => {
  test.each([
    {
      name: '3D-Speaker as published',
      properties: { framework: '3d-speaker', normalize_samples: '1', feature_normalize_type: 'global-mean' },
      expected: {
        windowType: 'povey',
        highFrequencyHz: 8000,
        isSnippingEdges: true,
        amplitudeScale: 1,
        isMeanSubtracted: true,
      },
    },
    {
      name: 'WeSpeaker as published',
      properties: { framework: 'wespeaker', normalize_samples: '0', feature_normalize_type: 'global-mean' },
      expected: { windowType: 'hamming', lowFrequencyHz: 20, highFrequencyHz: 8000, amplitudeScale: 32768 },
    },
    {
      name: 'trained on the front end of sherpa-onnx, and saying so',
      properties: {
        framework: '3d-speaker',
        normalize_samples: '0',
        window_type: 'povey',
        high_freq: '7600',
        snip_edges: '0',
      },
      expected: { windowType: 'povey', highFrequencyHz: 7600, isSnippingEdges: false, amplitudeScale: 32768 },
    },
    {
      name: 'a highest frequency counted down from Nyquist',
      properties: { framework: 'wespeaker', high_freq: '-400' },
      expected: { highFrequencyHz: 7600 },
    },
    {
      name: 'no mean subtraction',
      properties: { framework: 'wespeaker', feature_normalize_type: '' },
      expected: { isMeanSubtracted: false },
    },
  ])('$name', ({ properties, expected }) => {
    expect(frontEnd(properties as unknown as Record<string, string>)).toMatchObject({
      melBands: 80,
      sampleRateHz: 16_000,
      ...expected,
    });
  });

  test('the manifest takes precedence', () => {
    const properties = { framework: '3d-speaker', normalize_samples: '1' };
    expect(frontEnd(properties, { amplitudeScale: 32768 }).amplitudeScale).toBe(32768);
  });
});

describe('unsupported front ends', () => {
  test.each([
    { name: 'no framework', properties: {} },
    { name: 'a framework of another kind', properties: { framework: 'nemo' } },
    { name: 'another sample rate', properties: { framework: 'wespeaker', sample_rate: '8000' } },
    { name: 'an unknown window', properties: { framework: 'wespeaker', window_type: 'blackman' } },
    { name: 'an unknown normalisation', properties: { framework: 'wespeaker', feature_normalize_type: 'per_feature' } },
    { name: 'a frequency that is no number', properties: { framework: 'wespeaker', low_freq: 'low' } },
    {
      name: 'frequencies the wrong way round',
      properties: { framework: 'wespeaker', low_freq: '4000', high_freq: '300' },
    },
    { name: 'a frequency above Nyquist', properties: { framework: 'wespeaker', high_freq: '9000' } },
    { name: 'a flag that is none', properties: { framework: 'wespeaker', snip_edges: 'perhaps' } },
  ])('$name is MODEL_INVALID', ({ properties }) => {
    expect(() => frontEnd(properties as unknown as Record<string, string>)).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }),
    );
  });

  test('untrusted metadata is not repeated at length', () => {
    try {
      frontEnd({ framework: 'x'.repeat(5000) });
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(250);
    }
  });
});
