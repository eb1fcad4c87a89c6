import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { encodeEvent, readEvents, type WyomingEvent } from '../../../src/api/wyoming/wire.js';

/** A client that keeps what it is sent. */
export async function wyomingClient(address: string) {
  const { hostname, port } = new URL(address);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  const events = readEvents(socket);
  const send = (type: string, data: Record<string, unknown> = {}, payload?: Uint8Array) =>
    socket.write(encodeEvent({ type, data, payload }));
  /** The next event; undefined at the end of the connection. */
  const next = async (): Promise<WyomingEvent | undefined> => (await events.next()).value;
  /** The next event of that type; everything before it is passed over. Throws where the connection ends. */
  const until = async (type: string): Promise<WyomingEvent> => {
    for (;;) {
      const event = await next();
      if (!event) throw new Error(`the connection ended before ${type}`);
      if (event.type === type) return event;
    }
  };
  const format = { rate: 16_000, width: 2, channels: 1 };
  /** `audio-start`, pieces of 64 ms, `audio-stop`. */
  const speak = (samples: Uint8Array) => {
    send('audio-start', format);
    for (let at = 0; at < samples.length; at += 2_048) send('audio-chunk', format, samples.subarray(at, at + 2_048));
    send('audio-stop');
  };
  return { socket, send, next, until, speak, close: () => socket.destroy() };
}

export interface AsrScript {
  /** What it says of itself. */
  readonly asr?: readonly unknown[];
  /** Called at `audio-stop`, or before where it detects the end itself. */
  readonly answer: (say: (type: string, data?: Record<string, unknown>) => void, socket: Socket) => void;
  /** Answers after so many bytes, without waiting for `audio-stop`. */
  readonly endsAfterBytes?: number;
}

/** A speech-to-text service that hears nothing and says what the test wants; keeps what it got. */
export async function asrServer({ asr = [], answer, endsAfterBytes = Number.POSITIVE_INFINITY }: AsrScript) {
  const got: WyomingEvent[] = [];
  const sockets = new Set<Socket>();
  const serve = async (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    const say = (type: string, data: Record<string, unknown> = {}) => socket.write(encodeEvent({ type, data }));
    let bytes = 0;
    let isAnswered = false;
    for await (const event of readEvents(socket)) {
      got.push(event);
      if (event.type === 'describe') say('info', { asr });
      bytes += event.payload?.length ?? 0;
      if (!isAnswered && (event.type === 'audio-stop' || bytes > endsAfterBytes)) {
        isAnswered = true;
        answer(say, socket);
      }
    }
  };
  const server = createServer((socket) => void serve(socket).catch(() => socket.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: '127.0.0.1', port },
    got,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
