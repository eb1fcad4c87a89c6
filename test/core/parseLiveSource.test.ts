import { expect, test } from 'vitest';
import type { VoicePrintsError } from '../../src/core/errors.js';
import type { LiveSource } from '../../src/core/liveSource.js';
import { parseLiveSource } from '../../src/core/parseLiveSource.js';

const rtp = (address: string, port: number, format: object): object => ({
  kind: 'rtp',
  description: { by: 'port', address, port, format },
});

test.each<{ text: string; source: LiveSource | object }>([
  { text: 'rtsp://cam/stream?channel=1', source: { kind: 'rtsp', url: 'rtsp://cam/stream?channel=1' } },
  {
    text: 'rtsp://admin:p%40ss@cam:8554/a',
    source: { kind: 'rtsp', url: 'rtsp://cam:8554/a', credentials: { user: 'admin', password: 'p@ss' } },
  },
  {
    text: 'rtsp://admin:p@ss:100%@cam/a',
    source: { kind: 'rtsp', url: 'rtsp://cam/a', credentials: { user: 'admin', password: 'p@ss:100%' } },
  },
  { text: 'rtspu://cam/a', source: { kind: 'rtsp', url: 'rtsp://cam/a', transport: 'udp' } },
  { text: 'rtspt://cam/a', source: { kind: 'rtsp', url: 'rtsp://cam/a', transport: 'tcp' } },
  { text: 'RTSPS://cam/a', source: { kind: 'rtsp', url: 'RTSPS://cam/a' } },
  { text: 'https://radio/live.m3u8', source: { kind: 'http', url: 'https://radio/live.m3u8' } },
  {
    text: 'http://me@radio:8000/x',
    source: { kind: 'http', url: 'http://radio:8000/x', credentials: { user: 'me', password: '' } },
  },
  { text: 'rtp://0.0.0.0:5004?encoding=pcmu', source: rtp('0.0.0.0', 5004, { encoding: 'PCMU' }) },
  {
    text: 'rtp://[::1]:5004?encoding=L16&rate=44100&channels=2&payload=10',
    source: rtp('::1', 5004, { encoding: 'L16', clockRateHz: 44_100, channels: 2, payloadType: 10 }),
  },
  {
    text: 'rtp://0.0.0.0:5004?caps=application/x-rtp,media=(string)audio,clock-rate=(int)48000,encoding-name=OPUS',
    source: rtp('0.0.0.0', 5004, { encoding: 'OPUS', clockRateHz: 48_000 }),
  },
  { text: 'rtp:door.sdp', source: { kind: 'rtp', description: { by: 'sdpFile', path: 'door.sdp' } } },
  {
    text: 'udp:6055',
    source: {
      ...{ kind: 'udp', address: '0.0.0.0', port: 6055 },
      rawFormat: { encoding: 's16le', sampleRateHz: 16_000, channels: 1 },
    },
  },
  {
    text: 'udp:192.168.1.5:6055?encoding=S32LE&rate=48000&channels=2&from=192.168.1.21',
    source: {
      ...{ kind: 'udp', address: '192.168.1.5', port: 6055, from: '192.168.1.21' },
      rawFormat: { encoding: 's32le', sampleRateHz: 48_000, channels: 2 },
    },
  },
  { text: 'udp://0.0.0.0:1234', source: rtp('0.0.0.0', 1234, { encoding: 'MP2T' }) },
  { text: 'mic:', source: { kind: 'microphone' } },
  { text: 'mic:alsa/hw:0,1', source: { kind: 'microphone', system: 'alsa', device: 'hw:0,1' } },
  { text: 'mic:pulse', source: { kind: 'microphone', system: 'pulse' } },
  { text: '-', source: { kind: 'stdin' } },
  { text: ' talk.wav ', source: { kind: 'file', path: 'talk.wav' } },
  { text: 'C:\\talk.wav', source: { kind: 'file', path: 'C:\\talk.wav' } },
  { text: 'file:///tmp/a%20b.wav', source: { kind: 'file', path: '/tmp/a b.wav' } },
])('$text', ({ text, source }) => {
  expect(parseLiveSource(text)).toEqual(source);
});

test.each([
  '',
  'ftp://host/x',
  'rtsp://',
  'rtsp://user:topsecret@',
  'rtp://0.0.0.0?encoding=PCMU',
  'rtp://0.0.0.0:5004',
  'rtp://0.0.0.0:5004?encoding=GSM',
  'rtp://0.0.0.0:5004?encoding=L16&rate=fast',
  'rtp:',
  'mic:oss/dsp',
])('"%s" is refused, and not repeated', (text) => {
  expect.assertions(2);
  try {
    parseLiveSource(text);
  } catch (thrown) {
    expect(thrown).toEqual(expect.objectContaining({ code: 'INPUT_INVALID' }));
    expect((thrown as VoicePrintsError).message).not.toContain('topsecret');
  }
});
