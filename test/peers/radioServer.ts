import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';

export interface RadioServer extends AsyncDisposable {
  readonly url: string;
  /** Breaks every connection, as a server that falls over. */
  cut(): void;
}

const USER = 'listener';
const REALM = 'radio';
const NONCE = 'f1e2d3';
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/**
 * A web radio on loopback, out of a folder:
 *
 * - `/live/FILE`: at the pace of `bytesPerSecond`, over and over, without a length
 * - `/hls/live.m3u8`: a playlist whose window of four segments (`seg0.ts` …, a second each) moves with the clock
 * - `/playlist.pls`, `/playlist.m3u`: lists that name `/live/song.mp3`
 * - `/basic/…`, `/digest/…`: the same behind a user `listener` with this password
 * - anything else: the file of that name
 */
export async function startRadioServer(folder: string, bytesPerSecond: number, password: string): Promise<RadioServer> {
  const sockets = new Set<Socket>();
  const startedMs = Date.now();
  const server = createServer((request, response) => {
    const [, guard, path = ''] = /^\/(?:(basic|digest)\/)?(.*)$/.exec(request.url ?? '') ?? [];
    if (guard && !isAllowed(guard, request, password)) return refuse(guard, response);
    if (path.startsWith('live/')) return play(readFileSync(join(folder, path.slice(5))), bytesPerSecond, response);
    if (path === 'hls/live.m3u8') return answer(response, 'application/vnd.apple.mpegurl', window(folder, startedMs));
    if (path.startsWith('playlist')) return answer(response, 'audio/x-scpls', playlist(path));
    const file = join(folder, path.replace(/^hls\//, ''));
    if (path === '' || !existsSync(file)) return answer(response, 'text/plain', 'no such thing', 404);
    answer(response, typeOf(path), readFileSync(file));
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function isAllowed(guard: string, { headers, method, url }: IncomingMessage, password: string): boolean {
  const given = headers.authorization ?? '';
  if (guard === 'basic') return given === `Basic ${Buffer.from(`${USER}:${password}`).toString('base64')}`;
  const field = (name: string) => new RegExp(`${name}="?([^",]*)`).exec(given)?.[1] ?? '';
  const [ha1, ha2] = [md5(`${USER}:${REALM}:${password}`), md5(`${method}:${url}`)];
  const expected = md5(`${ha1}:${NONCE}:${field('nc')}:${field('cnonce')}:auth:${ha2}`);
  return field('uri') === url && field('response') === expected;
}

function refuse(guard: string, response: ServerResponse): void {
  const digest = `Digest realm="${REALM}", nonce="${NONCE}", qop="auth"`;
  response.writeHead(401, { 'www-authenticate': guard === 'basic' ? `Basic realm="${REALM}"` : digest }).end();
}

function answer(response: ServerResponse, type: string, body: string | Buffer, status = 200): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** A quarter of a second ahead of the clock. */
function play(bytes: Buffer, bytesPerSecond: number, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'audio/mpeg' });
  const startMs = Date.now() - 250;
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((Date.now() - startMs) / 1_000) * bytesPerSecond);
    while (sent < due) {
      const piece = bytes.subarray(sent % bytes.length, (sent % bytes.length) + 500); // the file's last is shorter
      response.write(piece);
      sent += piece.length;
    }
  }, 40);
  response.on('close', () => clearInterval(timer));
}

function window(folder: string, startedMs: number): string {
  const first = Math.floor((Date.now() - startedMs) / 1_000);
  const count = [...Array(100).keys()].find((i) => !existsSync(join(folder, `seg${i}.ts`)))!;
  const lines = [0, 1, 2, 3].flatMap((i) => {
    const isSeam = (first + i) % count === 0 && first + i > 0;
    return [...(isSeam ? ['#EXT-X-DISCONTINUITY'] : []), '#EXTINF:1.0,', `seg${(first + i) % count}.ts`];
  });
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:3',
    '#EXT-X-TARGETDURATION:1',
    `#EXT-X-MEDIA-SEQUENCE:${first}`,
    ...lines,
    '',
  ].join('\n');
}

const playlist = (path: string): string =>
  path.endsWith('.pls')
    ? '[playlist]\nNumberOfEntries=1\nFile1=/live/song.mp3\nTitle1=Song\n'
    : '#EXTM3U\n#EXTINF:-1,Song\nlive/song.mp3\n';

const typeOf = (path: string): string =>
  path.endsWith('.m3u8') ? 'application/vnd.apple.mpegurl' : path.endsWith('.html') ? 'text/html' : 'audio/mpeg';
