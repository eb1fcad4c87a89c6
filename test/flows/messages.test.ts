import { describe, expect, test } from 'vitest';
import { describe as describeAudio, recordingsOf } from '../../nodes/shared/recordingsOf.js';

const options = { property: 'msg.payload', workingDirectory: '/recordings' };
const wav = Buffer.from('RIFF');

describe('recordingsOf', () => {
  test.each([
    { name: 'a Buffer', value: wav, source: { kind: 'bytes', bytes: wav } },
    {
      name: 'a relative path',
      value: 'a/b.wav',
      source: { kind: 'file', path: '/recordings/a/b.wav', label: 'b.wav' },
    },
    { name: 'an absolute path', value: '/x/b.wav', source: { kind: 'file', path: '/x/b.wav', label: 'b.wav' } },
    { name: 'a reference', value: { path: '/x/b.wav' }, source: { kind: 'file', path: '/x/b.wav', label: 'b.wav' } },
    {
      name: 'an upload',
      value: { buffer: wav, originalname: 'u.wav' },
      source: { kind: 'bytes', bytes: wav, label: 'u.wav' },
    },
    { name: 'a data URL', value: 'data:audio/wav;base64,UklGRg==', source: { kind: 'bytes', bytes: wav } },
  ])('reads $name', ({ value, source }) => {
    expect(recordingsOf(value, undefined, options)).toEqual([source]);
  });

  test('a list goes with a list of descriptions', () => {
    const about = [{ filename: 'one.raw', encoding: 'alaw', sampleRateHz: 8000 }, {}];
    expect(recordingsOf([wav, '/x/two.wav'], about, options)).toEqual([
      { kind: 'bytes', bytes: wav, label: 'one.raw', rawFormat: { encoding: 'alaw', sampleRateHz: 8000, channels: 1 } },
      { kind: 'file', path: '/x/two.wav', label: 'two.wav' },
    ]);
  });

  test('samples become 16 bit PCM, clipped and not wrapped', () => {
    const samples = Float32Array.of(0, 1, -1, 2);
    const [source] = recordingsOf(samples, { encoding: 's16le', sampleRateHz: 16000 }, options);
    const bytes = source?.kind === 'bytes' ? Buffer.from(source.bytes) : Buffer.alloc(0);
    expect([0, 2, 4, 6].map((at) => bytes.readInt16LE(at))).toEqual([0, 32767, -32767, 32767]);
  });

  test('what is no description is left out', () => {
    expect(describeAudio({ encoding: 'flac', sampleRateHz: 'fast', filename: 7 }, 0)).toEqual({});
    expect(describeAudio('wav', 0)).toEqual({});
  });

  test.each([[[]], [null], [{}], [7], ['']])('%j holds no audio', (value) => {
    expect(() => recordingsOf(value, undefined, options)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  });
});
