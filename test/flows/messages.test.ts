import { createRequire } from 'node:module';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { enrollForm } from '../../nodes/enroll-speaker/enroll-speaker.js';
import { identifyForm } from '../../nodes/identify-speakers/identifySettings.js';
import { describe as describeAudio, recordingsOf, referenceTo } from '../../nodes/shared/recordingsOf.js';
import { readSettings } from '../../nodes/shared/settings.js';

const options = { property: 'msg.payload', workingDirectory: '/recordings', isPath: true };
const strict = { ...options, isPath: false };
const wav = Buffer.from('RIFF');
const base64 = Buffer.alloc(300, 'RIFF').toString('base64');
const cloneDeep = createRequire(import.meta.url)('lodash.clonedeep') as <T>(value: T) => T;

/** A value as a function node makes it: in a realm of its own, with its own Uint8Array and the like. */
const madeInFunctionNode = (code: string): unknown => runInContext(code, createContext({}));

describe('recordingsOf', () => {
  test.each([
    { name: 'a Buffer', value: wav, source: { kind: 'bytes', bytes: wav } },
    {
      name: 'a relative path',
      value: 'a/b.wav',
      source: { kind: 'file', path: '/recordings/a/b.wav', label: 'b.wav' },
    },
    { name: 'an absolute path', value: '/x/b.wav', source: { kind: 'file', path: '/x/b.wav', label: 'b.wav' } },
    { name: '{path}', value: { path: '/x/b.wav' }, source: { kind: 'file', path: '/x/b.wav', label: 'b.wav' } },
    {
      name: 'an upload',
      value: { buffer: wav, originalname: 'u.wav' },
      source: { kind: 'bytes', bytes: wav, label: 'u.wav' },
    },
    { name: 'a data URL', value: 'data:audio/wav;base64,UklGRg==', source: { kind: 'bytes', bytes: wav } },
    { name: 'base64', value: base64, source: { kind: 'bytes', bytes: Buffer.alloc(300, 'RIFF') } },
  ])('reads $name', ({ value, source }) => {
    expect(recordingsOf(value, {}, options)).toEqual([source]);
    if (source.kind === 'bytes') expect(recordingsOf(value, {}, strict)).toEqual([source]);
  });

  test.each([['/etc/passwd'], ['talk.wav'], [{ path: '/etc/passwd' }], [['/etc/passwd']], [[{ path: '/etc/passwd' }]]])(
    '%j opens no file unless the node says so',
    (value) => {
      expect(() => recordingsOf(value, {}, strict)).toThrow(
        expect.objectContaining({
          code: 'INPUT_INVALID',
          message: expect.stringMatching(/names a file.*tick "Text is/),
        }),
      );
    },
  );

  test('a reference of an audio source is followed, also once wires have cloned it, and one that came as JSON is not', () => {
    const source = { kind: 'file', path: '/x/b.wav', label: 'b.wav' };
    const reference = referenceTo('/x/b.wav');
    expect(recordingsOf(reference, {}, strict)).toEqual([source]);
    expect(recordingsOf(cloneDeep({ payload: reference }).payload, {}, strict)).toEqual([source]);
    expect(() => recordingsOf(JSON.parse(JSON.stringify(reference)), {}, strict)).toThrow(/names a file/);
  });

  test('a list goes with a list of descriptions', () => {
    const audio = [
      { filename: 'one.raw', encoding: 'alaw', sampleRateHz: 8000 },
      { track: 2, channel: 1 },
    ];
    expect(recordingsOf([wav, '/x/two.wav'], { audio }, options)).toEqual([
      { kind: 'bytes', bytes: wav, label: 'one.raw', rawFormat: { encoding: 'alaw', sampleRateHz: 8000, channels: 1 } },
      { kind: 'file', path: '/x/two.wav', label: 'two.wav', track: 2, channel: 1 },
    ]);
  });

  test.each([
    { name: 'http in leaves the fields of the form', payload: Object.assign(Object.create(null), { who: 'x' }) },
    { name: 'nothing beside the files', payload: undefined },
  ])('the files of a form: $name', ({ payload }) => {
    const req = { files: [{ fieldname: 'f', buffer: wav, originalname: 'u.wav', mimetype: 'audio/wav', size: 4 }] };
    expect(recordingsOf(payload, { req }, strict)).toEqual([{ kind: 'bytes', bytes: wav, label: 'u.wav' }]);
  });

  test.each([
    { name: 'Uint8Array', code: 'new Uint8Array([82, 73, 70, 70])' },
    { name: 'ArrayBuffer', code: 'new Uint8Array([82, 73, 70, 70]).buffer' },
    { name: 'DataView', code: 'new DataView(new Uint8Array([82, 73, 70, 70]).buffer)' },
  ])('bytes of a function node: $name', ({ code }) => {
    const [source] = recordingsOf(madeInFunctionNode(code), {}, strict);
    expect(source?.kind === 'bytes' && Buffer.from(source.bytes).toString()).toBe('RIFF');
  });

  test.each([
    { name: 'Float32Array', code: 'Float32Array.of(0, 1, -1, 1.5, NaN)', written: [0, 32767, -32767, 32767, 0] },
    { name: 'Float64Array', code: 'Float64Array.of(0, 0.5)', written: [0, 16384] },
    { name: 'Int16Array', code: 'Int16Array.of(0, 32767, -5)', written: [0, 32767, -5] },
  ])('samples of a function node become 16 bit PCM, clipped and not wrapped: $name', ({ code, written }) => {
    const audio = { sampleRateHz: 16_000 };
    const [source] = recordingsOf(madeInFunctionNode(code), { audio }, strict);
    const bytes = source?.kind === 'bytes' ? Buffer.from(source.bytes) : Buffer.alloc(0);
    expect(written.map((_, i) => bytes.readInt16LE(2 * i))).toEqual(written);
    expect(source?.rawFormat).toEqual({ encoding: 's16le', sampleRateHz: 16_000, channels: 1 });
  });

  test.each([
    {
      name: 'samples without a rate',
      value: new Int16Array(4),
      code: 'AUDIO_FORMAT_MISSING',
      says: /set msg.audio to {sampleRateHz/,
    },
    {
      name: 'samples of 16 bits in a Float32Array',
      value: Float32Array.of(900, -12_000),
      says: /divide 16-bit values by 32768/,
    },
    { name: 'an Int32Array', value: new Int32Array(4), says: /send a Float32Array/ },
    { name: 'a list of numbers', value: [0.1, 0.2], says: /Buffer.from\(list\)/ },
    {
      name: 'WAV read as text',
      value: 'RIFF\ufffd\u0004\u0000\u0000WAVEfmt ',
      says: /read as text.*a single Buffer object.*a binary buffer/,
    },
    { name: 'Ogg read as text', value: 'OggS\u0000\u0002\u0000', says: /read as text/ },
    { name: 'a web address', value: 'https://example.org/a.wav', says: /put an "http request" node in front/ },
    { name: 'the address of a camera', value: 'rtsp://10.0.0.4/live', says: /an audio source node opens it/ },
  ])('says exactly what to change: $name', ({ value, code = 'INPUT_INVALID', says }) => {
    for (const given of [options, strict]) {
      const audio = code === 'AUDIO_FORMAT_MISSING' ? undefined : { sampleRateHz: 8_000 };
      expect(() => recordingsOf(value, { audio }, given)).toThrow(
        expect.objectContaining({ code, message: expect.stringMatching(says) }),
      );
    }
  });

  test('what is no description is left out', () => {
    expect(describeAudio({ encoding: 'flac', sampleRateHz: 'fast', filename: 7, track: 0, channel: '1' }, 0)).toEqual(
      {},
    );
    expect(describeAudio('wav', 0)).toEqual({});
  });

  test.each([[[]], [null], [{}], [7], ['']])('%j holds no audio', (value) => {
    expect(() => recordingsOf(value, {}, options)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  });
});

test.each([
  { name: 'the payload', stored: { property: 'payload', propertyType: 'msg' }, isPath: false },
  { name: 'no property', stored: {}, isPath: false },
  { name: 'a property of its own', stored: { property: 'filename', propertyType: 'msg' }, isPath: true },
  { name: 'a flow variable', stored: { property: 'recording', propertyType: 'flow' }, isPath: true },
  { name: 'a choice that was made', stored: { property: 'filename', isPath: false }, isPath: false },
])('settings of 0.1.0 with $name: text is a path as before where the property says so', ({ stored, isPath }) => {
  expect(readSettings(identifyForm, { version: 2, output: 'whole', ...stored }).isPath).toBe(isPath);
  expect(readSettings(enrollForm, { version: 1, ...stored }).isPath).toBe(isPath);
});

test('a new node takes no path from messages', () => {
  expect(readSettings(identifyForm, { version: 3, output: 'whole', property: 'filename' }).isPath).toBe(false);
});
