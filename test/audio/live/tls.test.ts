import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HttpSource, RtspSource } from '../../../src/core/liveSource.js';
import type { ServerTrust } from '../../../src/core/serverTrust.js';
import { selfSigned, TestAuthority, type TestCertificate } from '../../peers/certificates.js';
import { type RadioServer, startRadioServer } from '../../peers/radioServer.js';
import { type RtspServer, startRtspServer } from '../../peers/rtspServer.js';
import { type TlsFront, tlsBefore } from '../../peers/tlsFront.js';
import { temporaryFolder } from '../glide.js';
import { Listener, listen, soundOf } from './listen.js';
import { songFile } from './song.js';

const folder = temporaryFolder();
const audioFile = songFile(folder);
const credentials = { user: 'viewer', password: 'k4mera"#geheim' };

let camera: RtspServer;
let radio: RadioServer;
const fronts: TlsFront[] = [];
let authority: TestAuthority;
let signed: TestCertificate;
let alone: TestCertificate;
let ports: {
  readonly camera: number;
  readonly lonelyCamera: number;
  readonly radio: number;
  readonly lonelyRadio: number;
};

beforeAll(async () => {
  const input = ['-loglevel', 'error', '-f', 's16le', '-ar', '16000', '-ac', '1', '-i', audioFile];
  spawnSync('ffmpeg', [...input, '-c:a', 'libmp3lame', '-b:a', '64k', join(folder, 'song.mp3')]);
  camera = await startRtspServer({ audioFile, credentials });
  radio = await startRadioServer(folder, 8_000, 'secret');
  authority = new TestAuthority(folder);
  signed = authority.sign('127.0.0.1');
  alone = selfSigned(folder, 'camera.example');
  const before = async (port: number, certificate: TestCertificate) => {
    const front = await tlsBefore(port, certificate);
    fronts.push(front);
    return front.port;
  };
  const radioPort = Number(new URL(radio.url).port);
  ports = {
    camera: await before(camera.port, signed),
    lonelyCamera: await before(camera.port, alone),
    radio: await before(radioPort, signed),
    lonelyRadio: await before(radioPort, alone),
  };
});
afterAll(async () => {
  for (const front of fronts) await front[Symbol.asyncDispose]();
  await camera.peer[Symbol.asyncDispose]();
  await radio[Symbol.asyncDispose]();
});

const cameraAt = (port: number, trust?: ServerTrust): RtspSource => ({
  kind: 'rtsp',
  url: `rtsps://127.0.0.1:${port}/pcmu`,
  credentials,
  ...(trust && { trust }),
});
const radioAt = (port: number, trust?: ServerTrust): HttpSource => ({
  kind: 'http',
  url: `https://127.0.0.1:${port}/live/song.mp3`,
  ...(trust && { trust }),
});

test('a camera and a radio whose certificate is named, by its authority or by its fingerprint, are heard', async () => {
  const trust = { authorities: authority.authorities };
  const exactly = { fingerprint: alone.fingerprint };
  const sources = [
    cameraAt(ports.camera, trust),
    cameraAt(ports.lonelyCamera, exactly),
    radioAt(ports.radio, trust),
    radioAt(ports.lonelyRadio, exactly),
  ];
  const all = await Promise.all(sources.map((source) => listen(source, 0.5, { launcher: 'gst-launch' })));
  for (const { heard } of all) expect(soundOf(heard)).toBeGreaterThanOrEqual(8_000);
});

test('a certificate that nobody vouches for is refused, with a code, and nothing is heard', async () => {
  const other = { fingerprint: signed.fingerprint };
  const wrongName = { authorities: alone.certificate }; // the right authority, for another name
  const sources = [
    cameraAt(ports.lonelyCamera),
    cameraAt(ports.lonelyCamera, other),
    cameraAt(ports.lonelyCamera, wrongName),
    radioAt(ports.lonelyRadio),
    radioAt(ports.lonelyRadio, other),
    radioAt(ports.lonelyRadio, wrongName),
  ];
  for (const source of sources) {
    await using listener = new Listener(source, { launcher: 'gst-launch' });
    const { code, message } = await listener.state({ status: 'retrying' });
    expect(code).toBe('LIVE_TLS_FAILED');
    expect(message).toContain('; give');
    expect(soundOf(listener.heard)).toBe(0);
  }
});
