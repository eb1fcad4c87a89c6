import { request } from 'node:http';
import { startProgram } from './program.mjs';

/** Keys of two tenants: the honest user's, and one that the attacker has. */
export const HONEST_KEY = 'honest-key-long-enough';
export const OTHER_KEY = 'attacker-key-long-enough';

/** `serve` in a process of its own; its honest user lists people over HTTP, on a connection of its own each time. */
export async function openServe(folder, { words = [], env = {} } = {}) {
  const program = await startProgram(
    ['serve', '--store', folder, '--port', '0', '--grpc-port', '0', '--log', 'silent', ...words],
    { VOICE_PRINTS_API_KEYS: `honest:${HONEST_KEY},other:${OTHER_KEY}`, ...env },
  );
  const { rest, grpc } = JSON.parse(program.firstLine);
  const { hostname: host, port } = new URL(rest);
  return {
    program,
    host,
    port: Number(port),
    grpc,
    async check() {
      const status = await statusOf({ host, port, path: '/v1/speakers', headers: { 'x-api-key': HONEST_KEY } });
      if (status !== 200) throw new Error(`an honest user was answered ${status}`);
    },
    close: () => program.stop(),
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
