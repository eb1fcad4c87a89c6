import { request } from 'node:http';
import { connect } from 'node:net';
import { startProgram } from './program.mjs';

/** Keys of two tenants: the honest user's, and one that the attacker has. */
export const HONEST_KEY = 'honest-key-long-enough';
export const OTHER_KEY = 'attacker-key-long-enough';

/** A second of silence as WAV. */
const SILENCE = (() => {
  const header = Buffer.alloc(44);
  header.write('RIFF\x24\x7d\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0', 'latin1');
  header.writeUInt32LE(16_000, 24);
  header.writeUInt32LE(32_000, 28);
  header.writeUInt32LE(0x0010_0002, 32);
  header.write('data', 36);
  header.writeUInt32LE(32_000, 40);
  return Buffer.concat([header, Buffer.alloc(32_000)]);
})();

/** `serve` in a process of its own; its honest user lists people, and has audio named, each time on a connection of its own. */
export async function openServe(folder, { words = [], env = {} } = {}) {
  const program = await startProgram(
    ['serve', '--store', folder, '--port', '0', '--grpc-port', '0', '--log', 'silent', ...words],
    { VOICE_PRINTS_API_KEYS: `honest:${HONEST_KEY},other:${OTHER_KEY}`, ...env },
  );
  const { rest, grpc } = JSON.parse(program.firstLine);
  const { hostname: host, port } = new URL(rest);
  const headers = { 'x-api-key': HONEST_KEY };
  const target = { program, url: rest, host, port: Number(port), grpc, close: () => program.stop() };
  return {
    ...target,
    async check() {
      const listed = await statusOf({ host, port, path: '/v1/speakers', headers });
      if (listed !== 200) throw new Error(`an honest user who lists people was answered ${listed}`);
      const named = await statusOf({
        ...{ host, port, path: '/v1/identify', method: 'POST', body: SILENCE },
        headers: { ...headers, 'content-type': 'audio/wav' },
      });
      if (named !== 200 && named !== 422) throw new Error(`an honest user with a recording was answered ${named}`);
    },
  };
}

/** One request on a connection of its own; resolves to the status of its answer. */
export function statusOf({ body, ...options }) {
  return new Promise((resolve, reject) => {
    const asked = request({ agent: false, ...options }, (answer) => {
      answer.resume();
      answer.once('error', reject);
      answer.once('end', () => resolve(answer.statusCode));
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

/** A connection that says this, and whose end, however it comes, is nothing to the attacker; from an address of its own. */
export function opened({ host, port }, says = '') {
  const socket = connect({ port, host, localAddress: '127.0.0.2' });
  socket.on('error', () => undefined);
  socket.resume();
  socket.write(says);
  return socket;
}

/** Numbers as by chance, the same ones every time: a linear congruential generator. */
export function chance(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >> 8) % below;
  };
}

/** So many bytes by chance. */
export const randomBytes = (next, length) => Buffer.from(Array.from({ length }, () => next(256)));
