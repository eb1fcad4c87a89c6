import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { FETCH_DEFAULTS, type FetchAudioOptions, fetchAudio } from '../../../src/api/calls/fetchAudio.js';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

async function origin(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function read(url: string, options: Partial<FetchAudioOptions> = {}, signal = new AbortController().signal) {
  const pieces: Uint8Array[] = [];
  const stream = await fetchAudio(url, { ...FETCH_DEFAULTS, maxBytes: 1000, ...options }, signal);
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

const failure = (code: string) => expect.objectContaining({ code, message: expect.not.stringContaining('secret') });

test('a host on the allow list is read', async () => {
  const host = await origin((_request, response) => response.end('sound'));
  expect(await read(`http://${host}/a.wav?secret=1`, { allowHosts: [host] })).toBe('sound');
  expect(await read(`http://${host}/a.wav`, { allowHosts: ['127.0.0.1'] })).toBe('sound');
});

test.each([
  'http://127.0.0.1/secret',
  'http://localhost/secret', // a name: only its resolution is private
  'http://LOCALHOST/secret',
  'http://127.1/secret',
  'http://2130706433/secret',
  'http://0x7f000001/secret',
  'http://0177.0.0.1/secret',
  'http://0.0.0.0/secret',
  'http://[::]/secret',
  'http://[::1]/secret',
  'http://[::ffff:127.0.0.1]/secret',
  'http://[::127.0.0.1]/secret',
  'http://[64:ff9b::7f00:1]/secret',
  'http://[2002:7f00:1::]/secret',
  'http://[fe80::1]/secret',
  'http://[fec0::1]/secret',
  'http://[fd00:ec2::254]/secret',
  'http://10.0.0.1/secret',
  'http://172.16.0.1/secret',
  'http://192.168.1.1/secret',
  'http://100.64.0.1/secret',
  'http://100.100.100.200/secret',
  'http://169.254.169.254/latest/secret',
  'http://168.63.129.16/secret',
  'http://198.18.0.1/secret',
  'http://224.0.0.1/secret',
  'http://255.255.255.255/secret',
  'https://127.0.0.1/secret',
  'https://user:secret@[::1]:8443/',
])('%s is forbidden', async (url) => {
  await expect(read(url)).rejects.toEqual(failure('URL_FORBIDDEN'));
});

test.each(['file:///etc/secret', 'ftp://example.org/secret', 'gopher://example.org/', 'data:audio/wav;base64,secret'])(
  '%s is not fetched',
  async (url) => {
    await expect(read(url)).rejects.toEqual(failure('URL_FORBIDDEN'));
  },
);

test.each(['', 'secret', '//secret', 'http://', 'http://[secret', 'http://a b/'])('"%s" is no url', async (url) => {
  await expect(read(url)).rejects.toEqual(failure('URL_INVALID'));
});

test('an entry of the allow list opens one host and port, nothing beside it', async () => {
  const host = await origin((_request, response) => response.end('sound'));
  const other = await origin((_request, response) => response.end('secret'));
  await expect(read(`http://${other}/`, { allowHosts: [host] })).rejects.toEqual(failure('URL_FORBIDDEN'));
  await expect(read(`http://${host}/`, { allowHosts: ['localhost'] })).rejects.toEqual(failure('URL_FORBIDDEN'));
});

test.each(['http://169.254.169.254/', 'http://[::1]:9/', 'file:///etc/passwd', 'http://localhost:9/'])(
  'a redirect to %s is checked like a first request',
  async (location) => {
    const host = await origin((_request, response) => response.writeHead(302, { location }).end());
    await expect(read(`http://${host}/`, { allowHosts: [host] })).rejects.toEqual(failure('URL_FORBIDDEN'));
  },
);

test('three redirects are followed, a fourth is not', async () => {
  const host = await origin((request, response) => {
    const left = Number(request.url!.slice(1));
    if (left === 0) response.end('sound');
    else response.writeHead(307, { location: `/${left - 1}` }).end();
  });
  expect(await read(`http://${host}/3`, { allowHosts: [host] })).toBe('sound');
  await expect(read(`http://${host}/4`, { allowHosts: [host] })).rejects.toEqual(failure('URL_UNREACHABLE'));
});

test.each([
  { name: 'a missing file', code: 'URL_UNREACHABLE', listener: (_: unknown, r) => r.writeHead(404).end() },
  {
    name: 'a compressed answer',
    code: 'URL_UNREACHABLE',
    listener: (_: unknown, r) => r.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
  },
  { name: 'a connection cut', code: 'URL_UNREACHABLE', listener: (q) => q.socket.destroy() },
  {
    name: 'a body cut',
    code: 'URL_UNREACHABLE',
    listener: (_: unknown, r) => {
      r.writeHead(200, { 'content-length': 500 });
      r.write('x', () => r.destroy());
    },
  },
  {
    name: 'a declared size over the cap',
    code: 'URL_TOO_LARGE',
    listener: (_: unknown, r) => {
      r.writeHead(200, { 'content-length': 1001 });
      r.write('x');
    },
  },
  { name: 'a real size over the cap', code: 'URL_TOO_LARGE', listener: (_: unknown, r) => r.end(Buffer.alloc(5000)) },
  { name: 'silence before the answer', code: 'URL_TIMEOUT', listener: () => {} },
  { name: 'silence in the body', code: 'URL_TIMEOUT', listener: (_: unknown, r) => r.write('x') },
] satisfies { name: string; code: string; listener: RequestListener }[])(
  '$name is $code',
  async ({ code, listener }) => {
    const host = await origin(listener);
    const options = { allowHosts: [host], answerTimeoutMs: 300, idleTimeoutMs: 300 };
    await expect(read(`http://${host}/secret`, options)).rejects.toEqual(failure(code));
  },
);

test('a drip is ended by the total time', async () => {
  const host = await origin((_request, response) => {
    const drip = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(drip));
  });
  const options = { allowHosts: [host], totalTimeoutMs: 300 };
  await expect(read(`http://${host}/`, options)).rejects.toEqual(failure('URL_TIMEOUT'));
});

test('a reader slower than the idle time is not the fault of the host', async () => {
  const host = await origin((_request, response) => {
    response.write('so');
    response.end('und');
  });
  const options = { ...FETCH_DEFAULTS, allowHosts: [host], maxBytes: 1000, idleTimeoutMs: 100 };
  let text = '';
  for await (const piece of await fetchAudio(`http://${host}/`, options, new AbortController().signal)) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    text += Buffer.from(piece).toString();
  }
  expect(text).toBe('sound');
});

test('leaving early and aborting both close the connection', async () => {
  const closed: string[] = [];
  const host = await origin((request, response) => {
    response.on('close', () => closed.push(request.url!));
    response.write('x');
  });
  const options = { ...FETCH_DEFAULTS, allowHosts: [host], maxBytes: 1000 };
  for await (const _ of await fetchAudio(`http://${host}/left`, options, new AbortController().signal)) break;
  await expect.poll(() => closed).toEqual(['/left']);

  const controller = new AbortController();
  const reading = read(`http://${host}/aborted`, options, controller.signal);
  setTimeout(() => controller.abort(), 50);
  await expect(reading).rejects.toEqual(failure('ABORTED'));
  await expect.poll(() => closed).toEqual(['/left', '/aborted']);
});

test('an unknown or refusing host is URL_UNREACHABLE', async () => {
  await expect(read('http://no-such-host.invalid/secret')).rejects.toEqual(failure('URL_UNREACHABLE'));
  await expect(read('http://127.0.0.1:1/', { allowHosts: ['127.0.0.1:1'] })).rejects.toEqual(
    failure('URL_UNREACHABLE'),
  );
  await expect(read('http://%ff@no-such-host.invalid/')).rejects.toEqual(failure('URL_UNREACHABLE'));
});
