import { afterAll, beforeAll, expect, test } from 'vitest';
import { liveTools } from '../../../src/audio/live/liveTools.js';
import { listMicrophones } from '../../../src/audio/live/microphone/listMicrophones.js';
import { playInto, type SoundServer, startSoundServer } from '../../peers/soundServer.js';
import { temporaryFolder } from '../glide.js';
import { expectNothingOpen, Listener } from './listen.js';
import { alignmentOf, songFile } from './song.js';

const folder = temporaryFolder();
const audioFile = songFile(folder);
let server: SoundServer;
const before = process.env.PULSE_SERVER;
beforeAll(async () => {
  server = await startSoundServer(folder);
  process.env.PULSE_SERVER = server.address;
});
afterAll(async () => {
  if (before === undefined) delete process.env.PULSE_SERVER;
  else process.env.PULSE_SERVER = before;
  await server[Symbol.asyncDispose]();
});
expectNothingOpen(() => [server.pid]);

test('the inputs of the sound server are listed with their names', async () => {
  expect(await listMicrophones()).toContainEqual({
    system: 'pulse',
    device: server.microphone,
    label: expect.stringContaining('Null Output'),
    isMonitor: true,
  });
});

test('what is played is recorded, with or without naming the device', async () => {
  await using named = new Listener({ kind: 'microphone', system: 'pulse', device: server.microphone });
  await using standard = new Listener({ kind: 'microphone' });
  await Promise.all([named.more(0.1), standard.more(0.1)]);
  const player = await playInto(server, audioFile);
  for (const listener of [named, standard]) {
    const heard = await listener.until(({ samples }) => lastSound(samples) > firstSound(samples) + 24_000);
    const from = firstSound(heard.samples) + 4_800;
    const { pieces } = alignmentOf(heard.samples, from, from + 16_000);
    expect(Math.min(...pieces.map(({ likeness }) => likeness))).toBeGreaterThan(0.95);
    expect(Math.max(...pieces.map(({ shift }) => Math.abs(shift)))).toBeLessThanOrEqual(1);
    expect(heard.states.map(({ status }) => status)).toEqual(['connecting', 'open']);
  }
  await player.kill();
});

const firstSound = (samples: Float32Array): number => {
  const at = samples.findIndex((sample) => Math.abs(sample) > 0.05);
  return at < 0 ? samples.length : at;
};
const lastSound = (samples: Float32Array): number => samples.findLastIndex((sample) => Math.abs(sample) > 0.05);

test('a missing device is reported, and waited for', async () => {
  await using listener = new Listener({ kind: 'microphone', system: 'alsa', device: 'hw:97,0' });
  expect(await listener.state({ status: 'retrying' })).toMatchObject({ code: 'LIVE_DEVICE_UNAVAILABLE', attempt: 1 });
});

test('installed tools are reported, with nothing missing here', async () => {
  const { launcher, missing, advice } = await liveTools();
  expect(launcher).toMatch(/^(gstreamer-superficial|gst-launch)$/);
  expect(missing).toEqual([]);
  expect(advice).toContain('every kind of source works');
});

test('where nothing is installed the advice names the packages', async () => {
  const path = process.env.PATH;
  process.env.PATH = folder;
  try {
    const { missing, advice } = await liveTools();
    expect(missing.map(({ debianPackage }) => debianPackage)).toContain('gstreamer1.0-tools');
    expect(advice).toMatch(/apt-get install gstreamer1.0-tools .*gstreamer1.0-plugins-bad/);
    await using listener = new Listener({ kind: 'microphone', system: 'pulse' }, { launcher: 'gst-launch' });
    await expect(listener.state({ status: 'open' })).rejects.toThrow('AUDIO_DECODER_MISSING');
  } finally {
    process.env.PATH = path;
  }
});
