import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { chance, HONEST_KEY, OTHER_KEY, opened, openServe, randomBytes } from '../serveTarget.mjs';

const IDENTIFY = '/deepaffectsrealtime.DeepAffectsRealtime/IdentifySpeaker';
const REFLECT = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';

/** A chunk that is answered. */
const CHUNK = Buffer.from([0x08, 1, 0x12, 4, ...Buffer.from('AAAA'), 0x1a, 3, ...Buffer.from('pcm'), 0x28, 0x80, 0x7d]);

const asItIs = (bytes) => bytes;

/** A stream on a connection of its own. */
function stream({ grpc }, path, headers = { apikey: OTHER_KEY, verbose: 'true' }) {
  const client = new Client(grpc, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const call = client.makeBidiStreamRequest(path, asItIs, asItIs, metadata);
  const end = new Promise((resolve) => call.once('status', ({ code }) => resolve(code)));
  call.on('error', () => undefined);
  call.once('status', () => client.close());
  return { call, end, close: () => call.cancel() };
}

/** Serves, with an honest user over gRPC as well. */
export async function open(folder) {
  const target = await openServe(folder);
  return {
    ...target,
    async check() {
      await target.check();
      const { call, end } = stream(target, IDENTIFY, { apikey: HONEST_KEY, verbose: 'true' });
      call.write(CHUNK);
      await once(call, 'data');
      call.end();
      if ((await end) !== 0) throw new Error('a stream of an honest user did not end well');
    },
  };
}

const socketOf = ({ grpc }) => {
  const [host, port] = grpc.split(':');
  return { host, port: Number(port) };
};

export const attacks = {
  'what is no HTTP/2': async (target) => {
    const next = chance(5);
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
    for (let round = 0; round < 40; round += 1) {
      const sockets = Array.from({ length: 20 }, (_, i) => opened(socketOf(target), i % 2 ? preface : ''));
      for (const socket of sockets) socket.end(randomBytes(next, 9 + next(300)));
      await sleep(100);
      for (const socket of sockets) socket.destroy();
    }
  },
  'two thousand connections that say nothing': async (target) => {
    const sockets = Array.from({ length: 2_000 }, () => opened(socketOf(target)));
    await sleep(20_000);
    for (const socket of sockets) socket.destroy();
  },
  'messages of very many fields': async (target) => {
    for (const field of [
      [0x32, 0],
      [0x78, 1],
      [0x12, 0],
      [0x3d, 0, 0, 0, 0],
    ]) {
      const { call, end } = stream(target, IDENTIFY);
      call.write(Buffer.alloc(15_000_000, Buffer.from(field)));
      if ((await end) !== 3) throw new Error('a message of very many fields was not refused as invalid');
    }
  },
  'a message that unpacks to gigabytes': async (target) => {
    const packed = await promisify(gzip)(Buffer.alloc(1_000_000_000));
    const session = connectHttp2(`http://${target.grpc}`);
    session.on('error', () => undefined);
    const call = session.request({
      ':method': 'POST',
      ':path': IDENTIFY,
      ...{ 'content-type': 'application/grpc', te: 'trailers', 'grpc-encoding': 'gzip', apikey: OTHER_KEY },
    });
    call.on('error', () => undefined);
    const head = Buffer.alloc(5);
    head[0] = 1;
    head.writeUInt32BE(packed.length, 1);
    call.write(Buffer.concat([head, packed]));
    const answered = once(call, 'response');
    call.resume();
    await answered;
    session.destroy();
  },
  'endless watchers': async (target) => {
    const watching = Array.from({ length: 500 }, () => {
      const one = stream(target, '/grpc.health.v1.Health/Watch', {});
      one.call.write(Buffer.alloc(0));
      one.call.end();
      return one;
    });
    await sleep(10_000);
    for (const { close } of watching) close();
  },
  'reflection asked without end, and its answers left unread': async (target) => {
    const asking = Array.from({ length: 50 }, () => stream(target, REFLECT, {}));
    for (const { call } of asking) call.pause();
    for (let round = 0; round < 100; round += 1) {
      for (const { call } of asking) for (let i = 0; i < 100; i += 1) call.write(Buffer.from([0x3a, 1, 0x2a]));
      await sleep(100);
    }
    for (const { close } of asking) close();
  },
  'streams that are opened and reset': async (target) => {
    // In small portions: the attacker shares its event loop with the honest user here.
    for (let round = 0; round < 100; round += 1) {
      const session = connectHttp2(`http://${target.grpc}`);
      session.on('error', () => undefined);
      for (let i = 0; i < 100 && !session.destroyed; i += 1) {
        const call = session.request({
          ':method': 'POST',
          ':path': IDENTIFY,
          ...{ 'content-type': 'application/grpc', te: 'trailers', apikey: OTHER_KEY },
        });
        call.on('error', () => undefined);
        call.close(8);
      }
      await sleep(200);
      session.destroy();
    }
  },
};
