import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { chance, OTHER_KEY, opened, openServe, randomBytes } from '../serveTarget.mjs';

export const open = openServe;

const fixture = (name) => readFileSync(new URL(`../../../../test/fixtures/audio/${name}`, import.meta.url));
const HELLO = { type: 'hello', apiKey: OTHER_KEY, encoding: 's16le', sampleRate: 16_000 };

const UPGRADE =
  'GET /v1/stream HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

const addressOf = ({ host, port }) => `ws://${host}:${port}/v1/stream`;

/** Opens a stream, sends these messages, and resolves to the code it is closed with. */
async function closedWith(target, messages) {
  const socket = new WebSocket(addressOf(target));
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  await once(socket, 'open');
  for (const message of messages) socket.send(message);
  return (await closed)[0];
}

async function mustClose(target, messages, code) {
  const found = await closedWith(target, messages);
  if (found !== code) throw new Error(`a stream was closed with ${found} instead of ${code}`);
}

export const attacks = {
  'two thousand WebSockets that say nothing': async (target) => {
    const sockets = Array.from({ length: 2_000 }, () => opened(target, UPGRADE));
    await sleep(20_000);
    for (const socket of sockets) socket.destroy();
  },
  'frames by chance': async (target) => {
    const next = chance(2);
    for (let i = 0; i < 500; i += 1) {
      const socket = opened(target, UPGRADE);
      await once(socket, 'connect');
      socket.write(randomBytes(next, 1 + next(600)));
      socket.end(Buffer.from([0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
      await once(socket, 'close');
    }
  },
  'first messages that are no hello': async (target) => {
    const next = chance(3);
    for (const first of [
      '',
      '[]',
      'null',
      '"hello"',
      `[${'[],'.repeat(60_000)}[]]`,
      '{"type":"hello"}',
      JSON.stringify({ ...HELLO, sampleRate: 1e300 }),
      JSON.stringify({ ...HELLO, channels: -1 }),
      JSON.stringify({ ...HELLO, encoding: 'constructor' }),
      JSON.stringify({ type: 'resume', apiKey: OTHER_KEY, sessionId: '__proto__', resumeToken: 'x', lastSeq: 0 }),
      randomBytes(next, 1_000),
    ]) {
      const code = await closedWith(target, [first]);
      if (code < 4400 || code >= 4500) throw new Error(`a first message that is no hello was closed with ${code}`);
    }
    await mustClose(target, [Buffer.alloc(300_000)], 1009);
  },
  'audio that is none': async (target) => {
    const opus = JSON.stringify({ ...HELLO, encoding: 'opus', sampleRate: 48_000 });
    const next = chance(4);
    await mustClose(target, [opus, Buffer.alloc(20_000, 7)], 4400);
    await mustClose(target, [opus, fixture('glide.opus').subarray(0, 4_000)], 4400);
    for (const name of ['glide.webm', 'glide.mp3', 'glide.m4a', 'glide.ogg', 'glide.flac']) {
      await mustClose(target, [JSON.stringify(HELLO), fixture(name)], 4400);
    }
    for (let i = 0; i < 300; i += 1) {
      const packets = Array.from({ length: 20 }, () => randomBytes(next, next(200)));
      const code = await closedWith(target, [opus, ...packets, '{"type":"end"}']);
      if (code !== 4400 && code !== 1000) throw new Error(`packets by chance were closed with ${code}`);
    }
  },
  'a hundred streams that nobody reads': async (target) => {
    const sockets = Array.from({ length: 100 }, () => {
      const socket = new WebSocket(addressOf(target));
      socket.on('error', () => undefined);
      socket.once('open', () => {
        socket.pause();
        socket.send(JSON.stringify(HELLO));
      });
      return socket;
    });
    // In small portions: the attacker shares its event loop with the honest user here.
    for (let round = 0; round < 200; round += 1) {
      for (const socket of sockets) {
        for (let i = 0; i < 25 && socket.readyState === WebSocket.OPEN; i += 1) socket.send('{"type":"ping"}');
      }
      await sleep(100);
    }
    for (const socket of sockets) socket.terminate();
  },
};
