import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { readOnnxMetadata } from '../../src/inference/onnxMetadata.js';
import { bytesField, onnxFile } from './protobuf.js';

const require = createRequire(import.meta.url);
const shipped = readFileSync(require.resolve('#models/voice-prints-1.onnx'));

describe('metadata of an ONNX file', () => {
  test('the first model', () => {
    const { properties, opset, inputs, outputs } = readOnnxMetadata(shipped);
    expect(Object.fromEntries(properties)).toMatchObject({
      framework: '3d-speaker',
      sample_rate: '16000',
      feature_normalize_type: 'global-mean',
      output_dim: '192',
    });
    expect(opset).toBe(17);
    expect(inputs).toEqual([{ name: 'x', shape: [undefined, undefined, 80], elementType: 1 }]);
    expect(outputs).toEqual([{ name: 'embedding', shape: [undefined, 192], elementType: 1 }]);
  });

  test('initializers listed among the inputs are no inputs', () => {
    expect(readOnnxMetadata(onnxFile()).inputs.map(({ name }) => name)).toEqual(['x']);
  });

  test('keys and values may be any text', () => {
    const { properties } = readOnnxMetadata(onnxFile({ properties: { language: 'Grüße, 世界', empty: '' } }));
    expect(properties.get('language')).toBe('Grüße, 世界');
    expect(properties.get('empty')).toBe('');
  });
});

describe('what is no ONNX file', () => {
  test.each([
    { name: 'nothing', bytes: new Uint8Array() },
    { name: 'text', bytes: new TextEncoder().encode('This is not a model, but a letter to the editor.') },
    { name: 'a model cut short', bytes: shipped.subarray(0, 100_000) },
    { name: 'a WAV header', bytes: Uint8Array.from([82, 73, 70, 70, 36, 0, 0, 0, 87, 65, 86, 69]) },
    { name: 'a length beyond the end', bytes: Uint8Array.from([58, 255, 255, 255, 255, 15]) },
    { name: 'an endless number', bytes: new Uint8Array(40).fill(255) },
    { name: 'protobuf without a graph', bytes: Uint8Array.from(bytesField(14, bytesField(1, 'key'))) },
    { name: 'zeros', bytes: new Uint8Array(1000) },
  ])('$name is MODEL_INVALID', ({ bytes }) => {
    expect(() => readOnnxMetadata(bytes)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
  });

  test('cut anywhere, it is refused and never hangs', () => {
    const whole = onnxFile({ properties: { framework: 'wespeaker' } });
    for (let length = 0; length < whole.length; length += 1) {
      try {
        readOnnxMetadata(whole.subarray(0, length));
      } catch (error) {
        expect(error).toMatchObject({ code: 'MODEL_INVALID' });
      }
    }
    expect(readOnnxMetadata(whole).properties.get('framework')).toBe('wespeaker');
  });
});
