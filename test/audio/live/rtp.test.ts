import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { RtpFormat, RtpSource } from '../../../src/core/liveSource.js';
import { Peer } from '../../peers/peer.js';
import { freeUdpPort, sendRtp } from '../../peers/rtpSender.js';
import { childProcesses, temporaryFolder } from '../glide.js';
import { Listener, soundOf } from './listen.js';
import { mulaw } from './mulaw.js';
import { alignmentOf, placeOf, s16Bytes, song, songFile } from './song.js';

const folder = temporaryFolder();
const audioFile = songFile(folder);
afterEach(() => expect(childProcesses()).toEqual([]));

const rtp = (port: number, format: RtpFormat): RtpSource => ({
  kind: 'rtp',
  description: { by: 'port', address: '127.0.0.1', port, format },
});

/** The song in payloads of 20 ms. */
const mulawPayloads = (packets: number): Uint8Array[] =>
  Array.from({ length: packets }, (_, i) =>
    Uint8Array.from({ length: 160 }, (_, k) => mulaw(song[2 * (160 * i + k)]!)),
  );
const l16Payloads = (packets: number): Uint8Array[] =>
  Array.from({ length: packets }, (_, i) => s16Bytes(song.subarray(320 * i, 320 * (i + 1))).swap16());

/** GStreamer needs a moment to open the port; packets before that are nobody's. */
async function isListening(port: number): Promise<void> {
  for (;;) {
    const socket = createSocket('udp4');
    const isFree = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false)).bind(port, '127.0.0.1', () => resolve(true));
    });
    socket.close();
    if (!isFree) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('with a tenth of the packets lost and some late, what comes stands where it belongs, to the sample', async () => {
  const port = await freeUdpPort();
  const format = { encoding: 'L16', clockRateHz: 16_000, payloadType: 98 } as const;
  // A long wait for late packets: a busy machine makes them later still.
  await using listener = new Listener({ ...rtp(port, format), latencyMs: 250 });
  await isListening(port);
  const isLost = (i: number) => i > 5 && (i * 7) % 10 === 3;
  const delayMs = (i: number) => (i % 11 === 5 ? 45 : 0);
  await sendRtp({ port, payloadType: 98, payloads: l16Payloads(125), ticks: 320, isLost, delayMs });
  const heard = await listener.until((so) => soundOf(so) >= 36_000);
  expect(heard.runs).toHaveLength(1); // silence stands for what was lost
  const offset = placeOf(heard.samples, 1_600).place - 1_600;
  expect(offset).toBe(0); // the first packet was taken for the beginning
  let silent = 0;
  for (let packet = 6; packet < 110; packet += 1) {
    const [from, to] = [320 * packet, 320 * (packet + 1)];
    const difference = Math.max(...heard.samples.subarray(from, to).map((x, i) => Math.abs(x - song[from + i]!)));
    if (isLost(packet)) silent += 1;
    else expect(difference, `packet ${packet}`).toBeLessThan(0.001);
  }
  expect(silent).toBe(11);
  expect(listener.audio.isNarrowBand).toBe(false);
});

test('mu-law by an SDP file: loss leaves the time line true', async () => {
  const port = await freeUdpPort();
  const path = join(folder, 'door.sdp');
  writeFileSync(path, `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=door\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio ${port} RTP/AVP 0\n`);
  await using listener = new Listener({ kind: 'rtp', description: { by: 'sdpFile', path } });
  await isListening(port);
  // Half a second is lost in one piece.
  await sendRtp({ port, payloadType: 0, payloads: mulawPayloads(110), ticks: 160, isLost: (i) => i >= 30 && i < 55 });
  const heard = await listener.until((so) => soundOf(so) >= 32_000);
  const before = alignmentOf(heard.samples, 1_600, 9_000);
  const after = alignmentOf(heard.samples, 19_200, 30_400);
  expect(Math.abs(after.offset - before.offset)).toBeLessThanOrEqual(1);
  expect(Math.min(...after.pieces.map(({ likeness }) => likeness))).toBeGreaterThan(0.95);
  expect(listener.audio.isNarrowBand).toBe(true);
});

const SENDERS = [
  { encoding: 'OPUS', rateHz: 48_000, pay: ['opusenc', '!', 'rtpopuspay', 'pt=97'], payloadType: 97 },
  { encoding: 'G722', rateHz: 16_000, pay: ['avenc_g722', '!', 'rtpg722pay', 'pt=9'], payloadType: 9 },
  { encoding: 'PCMA', rateHz: 8_000, pay: ['alawenc', '!', 'rtppcmapay', 'pt=8'], payloadType: 8 },
] as const;

test('Opus, G.722 and A-law as GStreamer sends them', async () => {
  const all = await Promise.all(SENDERS.map(hearSender));
  for (const [i, heard] of all.entries()) {
    const { pieces } = alignmentOf(heard.samples, 6_400, 19_200);
    const { encoding } = SENDERS[i]!;
    expect(Math.min(...pieces.map(({ likeness }) => likeness)), encoding).toBeGreaterThan(0.85);
    expect(Math.max(...pieces.map(({ shift }) => Math.abs(shift))), encoding).toBeLessThanOrEqual(1);
  }
});

async function hearSender({ encoding, rateHz, pay, payloadType }: (typeof SENDERS)[number]) {
  const port = await freeUdpPort();
  await using listener = new Listener(rtp(port, { encoding, payloadType }));
  await isListening(port);
  await using _sender = await Peer.start(
    'gst-launch-1.0',
    [
      ...['multifilesrc', `location=${audioFile}`, 'loop=true', '!', 'rawaudioparse', 'format=pcm', 'pcm-format=s16le'],
      ...['sample-rate=16000', 'num-channels=1', '!', 'audioconvert', '!', 'audioresample', '!'],
      ...[`audio/x-raw,rate=${rateHz},channels=1`, '!', ...pay, '!', 'udpsink', 'host=127.0.0.1', `port=${port}`],
    ],
    /PLAYING/,
  );
  return await listener.more(1.3);
}

test('a port in use', async () => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  await using listener = new Listener(rtp(socket.address().port, { encoding: 'PCMU' }));
  const state = await listener.state({ status: 'retrying' });
  socket.close();
  expect(state).toMatchObject({ code: 'LIVE_PORT_UNAVAILABLE' });
});

test('an SDP file that is not there ends the source', async () => {
  await using listener = new Listener({ kind: 'rtp', description: { by: 'sdpFile', path: join(folder, 'no.sdp') } });
  await expect(listener.state({ status: 'open' })).rejects.toThrow('FILE_NOT_FOUND');
});

test.for([
  { name: 'in UDP', output: (port: number) => ['-f', 'mpegts', `udp://127.0.0.1:${port}?pkt_size=1316`] },
  { name: 'in UDP, cut anywhere', output: (port: number) => ['-f', 'mpegts', `udp://127.0.0.1:${port}`] },
  { name: 'in RTP', output: (port: number) => ['-f', 'rtp_mpegts', `rtp://127.0.0.1:${port}`] },
])('an MPEG transport stream with pictures is heard: $name', async ({ output }) => {
  const port = await freeUdpPort();
  await using listener = new Listener(rtp(port, { encoding: 'MP2T' }));
  await isListening(port);
  const input = [
    '-loglevel',
    'error',
    '-re',
    '-stream_loop',
    '-1',
    '-f',
    's16le',
    '-ar',
    '16000',
    '-ac',
    '1',
    '-i',
    audioFile,
  ];
  const pictures = ['-f', 'lavfi', '-re', '-i', 'testsrc=size=160x128:rate=10', '-c:v', 'mpeg4', '-g', '10'];
  await using sender = await Peer.start(
    'ffmpeg',
    [...input, ...pictures, '-c:a', 'aac', '-b:a', '64k', ...output(port)],
    /.*/,
  );
  const heard = await listener.more(2.5);
  expect(heard.states.map(({ status }) => status)).toEqual(['connecting', 'open']);
  expect(heard.runs).toHaveLength(1);
  const { pieces } = alignmentOf(heard.samples, 16_000, 38_400);
  expect(Math.min(...pieces.map(({ likeness }) => likeness))).toBeGreaterThan(0.9);
  await sender.kill();
});

test('a port in use is reported for a transport stream, too', async () => {
  const taken = createSocket('udp4');
  await new Promise<void>((resolve) => taken.bind(0, '127.0.0.1', resolve));
  await using listener = new Listener(rtp(taken.address().port, { encoding: 'MP2T' }));
  await listener.state({ status: 'retrying', code: 'LIVE_PORT_UNAVAILABLE' });
  taken.close();
});
