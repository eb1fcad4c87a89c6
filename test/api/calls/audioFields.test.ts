import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { decodeBase64 } from '../../../src/api/calls/base64.js';
import { formatOfContentType, rawFormatOf } from '../../../src/api/calls/rawFormat.js';

const bytes = Buffer.from([0xfb, 0xef, 0xbe, 1, 2, 3, 0xff]);

test.each([
  { name: 'as it is', text: '++++AQID/w==' },
  { name: 'without padding', text: '++++AQID/w' },
  { name: 'URL-safe', text: '----AQID_w' },
  { name: 'in lines', text: '++++\r\nAQID\n/w==\n' },
  { name: 'as a data URL', text: 'data:audio/wav;base64,++++AQID/w==' },
])('base64 $name', ({ text }) => {
  expect(decodeBase64(text)).toEqual(bytes);
});

test('every length comes back', () => {
  for (let length = 1; length < 70; length += 1) {
    const random = randomBytes(length);
    expect(decodeBase64(random.toString('base64'))).toEqual(random);
    expect(decodeBase64(random.toString('base64url'))).toEqual(random);
  }
});

test.each([
  { name: 'a foreign character', text: '++++AQID/w!=' },
  { name: 'padding in the middle', text: 'AQ==AQID' },
  { name: 'too much padding', text: 'AQID====' },
  { name: 'padding where none belongs', text: 'AQID=' },
  { name: 'one character', text: 'A' },
  { name: 'five characters', text: 'AQIDA' },
  { name: 'a file path', text: '/tmp/some file.wav' },
  { name: 'text beyond ASCII', text: 'ÄÖÜ☃' },
  { name: 'a data URL that is not base64', text: 'data:text/plain,hello' },
])('base64 refuses $name', ({ text }) => {
  expect(() => decodeBase64(text)).toThrow(expect.objectContaining({ code: 'AUDIO_BASE64_INVALID' }));
});

test.each([
  ['PCM', 16_000, 's16le', 16_000],
  ['LINEAR16', 8_000, 's16le', 8_000],
  ['pcm_s16le', 44_100, 's16le', 44_100],
  ['MuLaw', undefined, 'mulaw', 8_000],
  ['mu-law', 16_000, 'mulaw', 16_000],
  ['µ-law', undefined, 'mulaw', 8_000],
  ['audio/x-alaw', undefined, 'alaw', 8_000],
  ['PCMA', undefined, 'alaw', 8_000],
] as const)('headerless %s at %s Hz', (encoding, sampleRate, expected, sampleRateHz) => {
  expect(rawFormatOf({ encoding, sampleRate })).toEqual({ encoding: expected, sampleRateHz, channels: 1 });
});

test.each(['FLAC', 'Wave', 'mp3', 'm4a', 'opus', 'AMR', undefined])(
  '%s says nothing of headerless audio',
  (encoding) => {
    expect(rawFormatOf({ encoding, sampleRate: 16_000 })).toBeUndefined();
  },
);

test('PCM without a rate is not guessed at', () => {
  expect(rawFormatOf({ encoding: 'pcm' })).toBeUndefined();
});

test.each([
  ['audio/pcm;rate=16000; channels=2', { encoding: 'pcm', sampleRate: 16_000, channels: 2 }],
  ['audio/basic', { encoding: 'basic', sampleRate: undefined, channels: undefined }],
  ['audio/wav; rate="junk"', { encoding: 'wav', sampleRate: undefined, channels: undefined }],
])('content type %s', (contentType, expected) => {
  expect(formatOfContentType(contentType)).toEqual(expected);
});
