import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startProgram } from './program.mjs';

const listener = fileURLToPath(new URL('./mediaListener.mjs', import.meta.url));

/** A WAV without an end (16 kHz, mono) at the pace of the clock. */
function radio(_, response) {
  const head = Buffer.from(
    'RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\xff\xff\xff\xff',
    'latin1',
  );
  response.writeHead(200, { 'content-type': 'audio/wav' });
  response.write(head);
  const startedMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor((performance.now() - startedMs) * 16);
    response.write(Buffer.alloc(2 * (due - sent), 3));
    sent = due;
  }, 50);
  response.on('close', () => clearInterval(timer));
}

/** Listens on loopback; `close` ends its connections, too. */
export async function serving(server, address = '127.0.0.1') {
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, address);
  await once(server, 'listening');
  return {
    port: server.address().port,
    url: `http://${address}:${server.address().port}`,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

export const servingHttp = (answer, address) => serving(createHttpServer(answer), address);
export const servingTcp = (onConnection) => serving(createServer(onConnection));

/** A process that listens to a radio all the time; its honest user wants to go on hearing it. */
export async function openMediaListener() {
  const station = await servingHttp(radio);
  const program = await startProgram([], {}, listener);
  const url = `http://127.0.0.1:${JSON.parse(program.firstLine).port}/`;
  const ask = async (asked) => {
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(asked) });
    if (!response.ok) throw new Error(await response.text());
    return response.json();
  };
  const samples = async () => (await (await fetch(url)).json()).samples;
  await ask({ isForGood: true, source: { kind: 'http', url: `${station.url}/` } });
  while ((await samples()) === 0) await sleep(100);
  return {
    program,
    /** What comes of listening to it: `{ codes, samples }`. */
    listen: (source, ms, until) => ask({ source, ms, until }),
    async check() {
      const before = await samples();
      while ((await samples()) === before) await sleep(20);
    },
    async close() {
      station.close();
      await program.stop();
    },
  };
}
