import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HttpSource } from '../../../src/core/liveSource.js';
import { type Icecast, startIcecast } from '../../peers/icecast.js';
import { type RadioServer, startRadioServer } from '../../peers/radioServer.js';
import { temporaryFolder } from '../glide.js';
import { expectNothingOpen, Listener, listen, soundOf } from './listen.js';
import { alignmentOf, songFile } from './song.js';

const PASSWORD = 'gehe1m/&?';
const credentials = { user: 'listener', password: PASSWORD };
const folder = temporaryFolder();
const audioFile = songFile(folder);
const soon = { backoff: { firstMs: 100, maxMs: 400 } };

function ffmpeg(...parameters: string[]): void {
  const input = ['-loglevel', 'error', '-f', 's16le', '-ar', '16000', '-ac', '1', '-i', audioFile];
  const { status, stderr } = spawnSync('ffmpeg', [...input, ...parameters], { cwd: folder, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
}

let radio: RadioServer;
let icecast: Icecast;
beforeAll(async () => {
  ffmpeg('-c:a', 'libmp3lame', '-b:a', '64k', '-write_xing', '0', '-id3v2_version', '0', 'song.mp3');
  ffmpeg('-t', '1', '-c:a', 'libmp3lame', '-b:a', '64k', 'short.mp3');
  ffmpeg(
    '-c:a',
    'aac',
    '-b:a',
    '64k',
    '-f',
    'hls',
    '-hls_time',
    '1',
    '-hls_list_size',
    '0',
    '-hls_segment_filename',
    'seg%d.ts',
    'all.m3u8',
  );
  writeFileSync(join(folder, 'key'), 'sixteen bytes ok');
  writeFileSync(join(folder, 'key.info'), `key\n${join(folder, 'key')}\n`);
  const locked = [
    '-t',
    '2',
    '-c:a',
    'aac',
    '-f',
    'hls',
    '-hls_time',
    '1',
    '-hls_list_size',
    '0',
    '-hls_key_info_file',
    'key.info',
  ];
  ffmpeg(...locked, '-hls_segment_filename', 'locked%d.ts', 'locked.m3u8');
  writeFileSync(join(folder, 'page.html'), '<html><body>No radio here, only words and words and words.</body></html>');
  radio = await startRadioServer(folder, 8_000, PASSWORD);
  icecast = await startIcecast(folder, audioFile);
});
afterAll(async () => {
  await radio[Symbol.asyncDispose]();
  await icecast[Symbol.asyncDispose]();
});
expectNothingOpen(() => icecast.pids);

const source = (path: string, withUser = false): HttpSource => ({
  kind: 'http',
  url: `${radio.url}/${path}`,
  ...(withUser && { credentials }),
});

test('what a station plays is received: MP3 with and without a password, by lists, from Icecast, by HLS', async () => {
  const stations: readonly HttpSource[] = [
    source('live/song.mp3'),
    source('basic/live/song.mp3', true),
    source('digest/live/song.mp3', true),
    source('playlist.pls'),
    source('playlist.m3u'),
    source('hls/live.m3u8'),
    source('digest/hls/live.m3u8', true),
    { kind: 'http', url: icecast.url },
  ];
  const all = await Promise.all(stations.map((station) => listen(station, 1.6, { launcher: 'gst-launch' })));
  for (const [i, { heard }] of all.entries()) {
    const name = new URL(stations[i]!.url).pathname;
    expect(
      heard.states.map(({ status }) => status),
      name,
    ).toEqual(['connecting', 'open']);
    expect(heard.runs, name).toHaveLength(1);
    const { pieces } = alignmentOf(heard.samples, 12_800, 24_000);
    expect(Math.min(...pieces.map(({ likeness }) => likeness)), name).toBeGreaterThan(0.9);
    expect(Math.max(...pieces.map(({ shift }) => Math.abs(shift))), name).toBeLessThanOrEqual(1);
  }
});

test('what has an end is played to it, and then is over: a file, and HLS that is encrypted', async () => {
  const heard = await Promise.all(['short.mp3', 'locked.m3u8'].map((path) => untilEnd(source(path))));
  expect(heard.map(({ states }) => states.at(-1))).toEqual([{ status: 'ended' }, { status: 'ended' }]);
  const seconds = heard.map((one) => soundOf(one) / 16_000); // with what encoders put before and after
  expect(Math.abs(seconds[0]! - 1.05)).toBeLessThan(0.1);
  expect(Math.abs(seconds[1]! - 2.05)).toBeLessThan(0.1);
});

async function untilEnd(finite: HttpSource) {
  await using listener = new Listener(finite);
  await listener.state({ status: 'open' });
  for (;;) {
    const { heard } = listener;
    if (heard.states.at(-1)?.status === 'ended') return heard;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a connection that breaks is made again', async () => {
  await using listener = new Listener(source('live/song.mp3'), soon);
  await listener.more(0.5);
  radio.cut();
  expect(await listener.state({ status: 'retrying' })).toMatchObject({ code: 'LIVE_LOST', attempt: 1 });
  const heard = await listener.more(0.5); // stations send a burst first: there may be a gap or none
  expect(heard.states.map(({ status }) => status)).toEqual(['connecting', 'open', 'retrying', 'connecting', 'open']);
});

test('refusals of a server have different codes, without the address', async () => {
  const refusals = [
    { refused: source('basic/live/song.mp3'), code: 'LIVE_UNAUTHORIZED' },
    {
      refused: { ...source('digest/live/song.mp3'), credentials: { user: 'listener', password: 'wrong' } },
      code: 'LIVE_UNAUTHORIZED',
    },
    { refused: source('nothing'), code: 'LIVE_NOT_FOUND' },
    { refused: source('page.html'), code: 'AUDIO_FORMAT_UNSUPPORTED' },
    { refused: { kind: 'http', url: 'http://127.0.0.1:9/' } as const, code: 'LIVE_UNREACHABLE' },
  ];
  const told = refusals.map(async ({ refused, code }) => {
    await using listener = new Listener(refused);
    return { code, state: await listener.state({ status: 'retrying' }) };
  });
  for (const { code, state } of await Promise.all(told)) {
    expect(state).toMatchObject({ code, attempt: 1 });
    expect(JSON.stringify(state)).not.toMatch(/wrong|127\.0\.0\.1|listener|song/);
  }
});

test('an address of another kind ends the source', async () => {
  await using listener = new Listener({ kind: 'http', url: 'gopher://host/' });
  await expect(listener.state({ status: 'open' })).rejects.toThrow('INPUT_INVALID');
});
