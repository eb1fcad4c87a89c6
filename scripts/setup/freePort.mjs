// A port for a program that is told its port, for tests and measurements.
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that Linux, macOS and Windows give to connections and to servers that ask for any (from 32768 or 49152 on): none of
 * those can take one between the moment it was found and the moment at which its program listens.
 */
const FIRST = 20_000;
const COUNT = 12_000;

const given = new Set();

export async function freePort(more = 0) {
  for (;;) {
    const port = FIRST + randomInt(COUNT - more);
    const ports = Array.from({ length: more + 1 }, (_, index) => port + index);
    if (ports.some((one) => given.has(one))) continue;
    const isFree = await Promise.all(ports.flatMap((one) => [isFreeForTcp(one), isFreeForUdp(one)]));
    if (!isFree.every(Boolean)) continue;
    for (const one of ports) given.add(one);
    return port;
  }
}

async function isFreeForTcp(port) {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
}

async function isFreeForUdp(port) {
  const socket = createSocket('udp4');
  try {
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    socket.close();
    await once(socket, 'close');
    return true;
  } catch {
    return false;
  }
}
