import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { chance, HONEST_KEY, OTHER_KEY, opened, openServe, randomBytes, statusOf } from '../serveTarget.mjs';

export const open = openServe;

/** The status line of the first answer on a connection that sends these bytes. */
async function firstLine(target, bytes) {
  const socket = opened(target, bytes);
  let text = '';
  for await (const piece of socket) {
    text += piece;
    if (text.includes('\r\n')) break;
  }
  socket.destroy();
  return text.split('\r\n')[0];
}

const ask = (path, headers) =>
  `GET ${path} HTTP/1.1\r\nhost: x\r\nx-api-key: ${HONEST_KEY}\r\nconnection: Upgrade, HTTP2-Settings\r\n${headers}\r\n\r\n`;

/** Sends a body that is to be refused; answers in 4xx are, and so are connections that are cut. */
async function refused({ host, port }, { body, path = '/v1/identify', ...headers }) {
  const options = { host, port, path, method: 'POST', headers: { 'x-api-key': OTHER_KEY, ...headers } };
  const status = await statusOf({ ...options, body }).catch(() => 400);
  if (status < 400 || status >= 500) throw new Error(`a body that is no call was answered ${status}`);
}

const dripHead = (type) =>
  `POST /v1/identify HTTP/1.1\r\nhost: x\r\nx-api-key: ${OTHER_KEY}\r\ncontent-type: ${type}\r\ncontent-length: 60000000\r\n\r\n`;

const MIB = 2 ** 20;
const SHAPES = {
  'empty lists': () => `[${'[],'.repeat(20 * MIB)}[]]`,
  'opening brackets': () => '['.repeat(60 * MIB),
  numbers: () => `[${'1,'.repeat(30 * MIB)}1]`,
  'short texts': () => `{"speakerIds":[${'"a",'.repeat(15 * MIB)}"a"]}`,
  'quotes in a text': () => `{"content":"${'\\"'.repeat(30 * MIB)}"}`,
  backslashes: () => `{"content":"${'\\\\'.repeat(30 * MIB)}"}`,
  'escaped letters': () => `{"content":"${'\\u0041'.repeat(10 * MIB)}!"}`,
  'one number': () => `{"content":${'9'.repeat(60 * MIB)}}`,
  blanks: () => `{"content":"${'A '.repeat(30 * MIB)}!"}`,
};

export const attacks = {
  'an upgrade, then a reset': async (target) => {
    for (let i = 0; i < 200; i += 1) {
      const socket = opened(target);
      await once(socket, 'connect');
      socket.write(ask(i % 2 ? '/v1/speakers' : '/v1/stream', `upgrade: ${i % 3 ? 'x' : 'websocket'}`), () =>
        socket.resetAndDestroy(),
      );
      await once(socket, 'close');
    }
  },
  'upgrades that clients merely offer': async (target) => {
    for (const offer of ['h2c', 'TLS/1.2', 'h2c, websocket']) {
      const line = await firstLine(target, ask('/v1/speakers', `upgrade: ${offer}`));
      if (!line.includes(' 200 ')) throw new Error(`an offer of ${offer} was answered ${line}`);
    }
  },
  'a thousand wrong keys': async ({ host, port }) => {
    for (let i = 0; i < 1_000; i += 1) {
      const status = await statusOf({ host, port, path: '/v1/speakers', headers: { 'x-api-key': `guess-${i}` } });
      if (status !== 401 && status !== 429) throw new Error(`a wrong key was answered ${status}`);
    }
  },
  'bodies that drip': async (target) => {
    const types = ['audio/wav', 'application/json', 'multipart/form-data; boundary=x'];
    const sockets = Array.from({ length: 96 }, (_, i) => opened(target, `${dripHead(types[i % 3])}{`));
    for (let second = 0; second < 20; second += 1) {
      await sleep(1_000);
      for (const socket of sockets) socket.write(' ');
    }
    for (const socket of sockets) socket.destroy();
  },
  'bodies that fill the memory and do not end': async (target) => {
    const sockets = Array.from({ length: 40 }, () => opened(target, dripHead('audio/wav')));
    for (const socket of sockets) socket.write(Buffer.alloc(50 * MIB));
    await sleep(20_000);
    for (const socket of sockets) socket.destroy();
  },
  'sixty megabytes of values': async (target) => {
    for (const shape of Object.values(SHAPES)) {
      await refused(target, { body: Buffer.from(shape()), 'content-type': 'application/json' });
    }
  },
  'bodies that unpack to gigabytes': async (target) => {
    const packed = await promisify(gzip)(Buffer.alloc(1_000 * MIB));
    for (let i = 0; i < 8; i += 1) await refused(target, { body: packed, 'content-encoding': 'gzip' });
  },
  'forms of very many parts': async (target) => {
    const type = 'multipart/form-data; boundary=x';
    const part = '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n\r\n';
    await refused(target, { body: Buffer.from(part.repeat(1_000_000)), 'content-type': type });
    await refused(target, { body: Buffer.from('--x\r\n'.repeat(10_000_000)), 'content-type': type });
    await refused(target, { body: Buffer.from(`--x\r\n${'a: b\r\n'.repeat(5_000_000)}`), 'content-type': type });
  },
  'two thousand connections that say nothing': async (target) => {
    const sockets = Array.from({ length: 2_000 }, () => opened(target));
    await sleep(20_000);
    for (const socket of sockets) socket.destroy();
  },
  'two thousand heads that never end': async (target) => {
    const sockets = Array.from({ length: 2_000 }, () => opened(target, 'GET /healthz HTTP/1.1\r\nx: '));
    for (let second = 0; second < 20; second += 1) {
      await sleep(1_000);
      for (const socket of sockets) socket.write('y');
    }
    for (const socket of sockets) socket.destroy();
  },
  'what is no HTTP': async (target) => {
    const next = chance(1);
    for (let i = 0; i < 2_000; i += 1) {
      const socket = opened(target);
      await once(socket, 'connect');
      socket.end(
        i % 2 ? randomBytes(next, next(400)) : `GET / HTTP/1.1\r\n${randomBytes(next, 200).toString('latin1')}`,
      );
      await once(socket, 'close');
    }
  },
};
