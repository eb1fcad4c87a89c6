import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HttpSource } from '../../../src/core/liveSource.js';
import { type RadioServer, startRadioServer } from '../../peers/radioServer.js';
import { temporaryFolder } from '../glide.js';
import { expectNothingOpen, Listener, listen, soundOf } from './listen.js';
import { alignmentOf, songFile } from './song.js';

const folder = temporaryFolder();
const audioFile = songFile(folder);

function ffmpeg(...parameters: string[]): void {
  const input = ['-loglevel', 'error', '-f', 's16le', '-ar', '16000', '-ac', '1', '-i', audioFile];
  const { status, stderr } = spawnSync('ffmpeg', [...input, ...parameters], { cwd: folder, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
}

const file = (name: string): Buffer => readFileSync(join(folder, name));
let radio: RadioServer;
beforeAll(async () => {
  ffmpeg('-c:a', 'libmp3lame', '-b:a', '64k', '-write_xing', '0', '-id3v2_version', '0', 'song.mp3');
  for (const codec of ['opus', 'vorbis']) {
    for (const track of [0, 1, 2]) ffmpeg('-ss', `${track}`, '-t', '1', '-c:a', `lib${codec}`, `${codec}${track}.ogg`);
    writeFileSync(join(folder, `${codec}.ogg`), Buffer.concat([0, 1, 2].map((track) => file(`${codec}${track}.ogg`))));
  }
  ffmpeg('-t', '2', '-c:a', 'aac', '-b:a', '64k', '-f', 'mpegts', 'segment.ts');
  radio = await startRadioServer(folder, 8_000, '');
});
afterAll(() => radio[Symbol.asyncDispose]());
expectNothingOpen(() => []);

async function listening(server: Server): Promise<AsyncDisposable & { readonly origin: string }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      if ('closeAllConnections' in server) (server as { closeAllConnections(): void }).closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const serving = (answer: RequestListener) => listening(createHttpServer(answer));
const source = (url: string): HttpSource => ({ kind: 'http', url });
const isSong = (samples: Float32Array, least = 0.9) => {
  const { pieces } = alignmentOf(samples, 12_800, 24_000);
  expect(Math.min(...pieces.map(({ likeness }) => likeness))).toBeGreaterThan(least);
};

/** `ICY 200 OK`, as a station of 2003 says it, with titles that nobody asked for, and the song behind it. */
const station = (head: string, interval?: number) =>
  createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(head.slice(0, 2)); // in pieces, as networks are
      const song = Buffer.concat([file('song.mp3'), file('song.mp3')]);
      setImmediate(() => {
        socket.write(head.slice(2));
        if (interval === undefined) return void socket.end(song);
        const title = Buffer.from('StreamTitle=\'Müller: "x"\';'.padEnd(32, '\0'), 'latin1');
        for (let at = 0, i = 0; at < song.length; at += interval, i += 1) {
          const piece = song.subarray(at, at + interval);
          socket.write(
            Buffer.concat(i % 2 === 0 ? [piece, Buffer.from([title.length / 16]), title] : [piece, Buffer.from([0])]),
          );
        }
        socket.end();
      });
    });
  });

test.for([
  { name: 'SHOUTcast 1', head: 'ICY 200 OK\r\nicy-name:Müller\r\ncontent-type:audio/mpeg\r\n\r\n' },
  { name: 'bare line ends', head: 'ICY 200 OK\nicy-name:x\nContent-Type: audio/mpeg\n\n' },
  {
    name: 'titles between',
    head: 'ICY 200 OK\r\nicy-metaint:4000\r\ncontent-type:audio/mpeg\r\n\r\n',
    interval: 4_000,
  },
])('an old station is heard: $name', async ({ head, interval }) => {
  await using server = await listening(station(head, interval));
  const { heard } = await listen(source(`${server.origin}/`), 1.6, { launcher: 'gst-launch' });
  isSong(heard.samples);
});

test('a station that is off the air is no question of passwords', async () => {
  await using server = await listening(station('ICY 401 Service Unavailable\r\n\r\n'));
  await using listener = new Listener(source(`${server.origin}/`));
  await listener.state({ status: 'retrying', code: 'LIVE_LOST' });
});

test.for(['opus', 'vorbis'])(
  'a radio that begins a new Ogg stream with every track is heard through: %s',
  async (codec) => {
    await using listener = new Listener(source(`${radio.url}/live/${codec}.ogg`), { launcher: 'gst-launch' });
    const heard = await listener.more(4.2);
    expect(heard.states.map(({ status }) => status)).toEqual(['connecting', 'open']);
    expect(heard.runs).toHaveLength(1);
  },
);

test('a chained Ogg file is played to its last end', async () => {
  await using listener = new Listener(source(`${radio.url}/opus.ogg`), { launcher: 'gst-launch' });
  const heard = await listener.until(({ states }) => states.at(-1)?.status === 'ended').catch(() => listener.heard);
  expect(heard.states.at(-1)).toEqual({ status: 'ended' });
  expect(Math.abs(soundOf(heard) / 16_000 - 3)).toBeLessThan(0.1);
});

test('a segment is played while it still arrives, and servers without ranges work', async () => {
  const playlist = '#EXTM3U\n#EXT-X-TARGETDURATION:0\n#EXT-X-BYTERANGE:99999999@188\n#EXTINF:2,\nendless.ts\n';
  await using server = await serving(({ url }, response) => {
    if (url === '/x.m3u8') return void response.end(playlist);
    response.write(Buffer.concat([Buffer.alloc(188), file('segment.ts')])); // and nothing more, for ever
  });
  const { heard } = await listen(source(`${server.origin}/x.m3u8`), 0.8, { launcher: 'gst-launch' });
  expect(soundOf(heard)).toBeGreaterThanOrEqual(12_800);
});

const segments = (lines: string) => `#EXTM3U\n#EXT-X-TARGETDURATION:1\n${lines}\n#EXT-X-ENDLIST\n`;
const MEDIA = '#EXTINF:2,\nsegment.ts';
/** Each leads to `THERE`, a host of a private network. */
const ASTRAY = [
  { name: 'a redirect', path: '/moved' },
  { name: 'a list of a station', path: '/list.m3u', text: '#EXTM3U\nTHERE/live.mp3' },
  { name: 'a variant', path: '/x.m3u8', text: '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nTHERE/x.m3u8' },
  { name: 'a segment', path: '/x.m3u8', text: segments('#EXTINF:2,\nTHERE/segment.ts') },
  { name: 'a map', path: '/x.m3u8', text: segments(`#EXT-X-MAP:URI="THERE/map"\n${MEDIA}`) },
  { name: 'a key', path: '/x.m3u8', text: segments(`#EXT-X-KEY:METHOD=AES-128,URI="THERE/key"\n${MEDIA}`) },
  { name: 'a redirect of a segment', path: '/x.m3u8', text: segments('#EXTINF:2,\nmoved') },
] as const;

test.for(ASTRAY)(
  '$name leads to no other host of a private network, unless it is allowed',
  async ({ path, ...row }) => {
    const asked: string[] = [];
    const inner = createHttpServer(({ url = '' }, response) => {
      asked.push(url);
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => inner.listen(0, '127.0.0.2', resolve));
    const { port } = inner.address() as AddressInfo;
    const there = `http://127.0.0.2:${port}`;
    await using outer = await serving(({ url }, response) => {
      if (url === '/moved') return void response.writeHead(302, { location: `${there}/secret` }).end();
      if (url === path && 'text' in row) return void response.end(row.text.replace('THERE', there));
      response.end(file('segment.ts'));
    });
    {
      await using listener = new Listener(source(`${outer.origin}${path}`));
      const state = await listener.state({ status: 'retrying' });
      expect(state).toMatchObject({ code: 'URL_FORBIDDEN' });
      expect(JSON.stringify(state)).not.toContain('127.0.0');
      expect(asked).toEqual([]);
    }
    {
      await using listener = new Listener(source(`${outer.origin}${path}`), { allowHosts: [`127.0.0.2:${port}`] });
      await listener.state({ status: 'retrying', code: 'LIVE_NOT_FOUND' });
      expect(asked.length).toBeGreaterThan(0);
    }
    await new Promise((resolve) => inner.close(resolve));
  },
);

test('the machine itself may be named in another way, and on another port', async () => {
  await using outer = await serving((_, response) => {
    response.writeHead(302, { location: radio.url.replace('127.0.0.1', 'localhost').concat('/live/song.mp3') }).end();
  });
  const { heard } = await listen(source(`${outer.origin}/`), 1.6, { launcher: 'gst-launch' });
  isSong(heard.samples);
});

test('what is too long to be a playlist or a key is left', async () => {
  await using server = await serving(({ url }, response) => {
    const key = '#EXT-X-KEY:METHOD=AES-128,URI="key"\n';
    if (url === '/key') return void response.end(Buffer.alloc(17));
    if (url === '/x.m3u8') return void response.end(segments(`${key}${MEDIA}`));
    response.end('#'.repeat(1_048_577));
  });
  for (const path of ['long.m3u8', 'x.m3u8']) {
    await using listener = new Listener(source(`${server.origin}/${path}`));
    await listener.state({ status: 'retrying', code: 'LIVE_LOST' });
  }
});
