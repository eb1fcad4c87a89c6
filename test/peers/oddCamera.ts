import { type AddressInfo, createServer, type Socket } from 'node:net';
import { headerOf, type RtspMessage, RtspReader } from '../../src/audio/live/rtsp/rtspParts.js';
import { mulaw } from '../audio/live/mulaw.js';
import { song } from '../audio/live/song.js';

/** How a camera differs from what the standard says. `BASE` stands for `rtsp://127.0.0.1:PORT`. */
export interface Oddity {
  /** Path of its stream; `/live` by default. */
  readonly path?: string;
  /** `Content-Base` of its description; none by default. */
  readonly contentBase?: string;
  /** `a=control` of the sound; `track1` by default. */
  readonly control?: string;
  /** The only address it knows the sound under; any by default. */
  readonly track?: string;
  /** The lines between `t=` and `m=audio`. */
  readonly session?: readonly string[];
  /** Lines behind those of the sound. */
  readonly more?: readonly string[];
  /** Sends packets of a session that went before, from the connection on. */
  readonly isHaunted?: boolean;
  /** Status instead of 200, by method. */
  readonly statuses?: Readonly<Record<string, number>>;
  /** Where `DESCRIBE` of the stream's path is sent on to. */
  readonly location?: string;
}

export interface OddCamera extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** `METHOD address` of every request, in order. */
  readonly asked: readonly string[];
}

const RTP_BYTES = 160;
const RTP_MS = 20;

/** A camera on loopback that plays the song as PCMU over TCP, in its own way. */
export async function startOddCamera(oddity: Oddity): Promise<OddCamera> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    serve(socket, oddity, asked);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `rtsp://127.0.0.1:${port}${oddity.path ?? '/live'}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(socket: Socket, oddity: Oddity, asked: string[]): void {
  const reader = new RtspReader();
  const base = `rtsp://127.0.0.1:${socket.localPort}`;
  const timers: NodeJS.Timeout[] = [];
  if (oddity.isHaunted) timers.push(play(socket, 0xdeadbeef, 7));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const timer of timers) clearInterval(timer);
  });
  socket.on('data', (chunk) => {
    for (const part of reader.push(chunk)) {
      if (part.kind === 'packet') continue;
      const [method = '', uri = ''] = part.message.startLine.split(' ');
      asked.push(`${method} ${uri.replace(base, 'BASE')}`);
      answer(socket, part.message, oddity, base);
      if (method === 'PLAY') timers.push(play(socket, 0x1234567, 1));
    }
  });
}

function answer(socket: Socket, request: RtspMessage, oddity: Oddity, base: string): void {
  const [method = '', uri = ''] = request.startLine.split(' ');
  const at = (text: string) => text.replace('BASE', base);
  const reply = (status: number, headers: readonly string[] = [], body = '') => {
    const lines = [`RTSP/1.0 ${status} Word`, `CSeq: ${headerOf(request, 'CSeq')}`, ...headers];
    const length = body === '' ? [] : [`Content-Length: ${body.length}`];
    socket.write(`${[...lines, ...length].join('\r\n')}\r\n\r\n${body}`);
  };
  const { path = '/live', contentBase, location, track, statuses } = oddity;
  const isUnknown = method === 'SETUP' && track !== undefined && uri !== at(track);
  if (statuses?.[method] !== undefined) reply(statuses[method]);
  else if (method === 'DESCRIBE' && location !== undefined && uri === `${base}${path}`)
    reply(302, [`Location: ${at(location)}`]);
  else if (isUnknown) reply(404);
  else if (method === 'DESCRIBE')
    reply(200, contentBase === undefined ? [] : [`Content-Base: ${at(contentBase)}`], at(description(oddity)));
  else if (method === 'SETUP') reply(200, ['Session: 77;timeout=60', 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1']);
  else reply(200, ['Session: 77']);
}

const description = ({ control = 'track1', session = [], more = [] }: Oddity): string =>
  [
    'v=0',
    'o=- 1 1 IN IP4 0.0.0.0',
    's=odd',
    't=0 0',
    ...session,
    'm=audio 0 RTP/AVP 0',
    `a=control:${control}`,
    ...more,
  ]
    .map((line) => `${line}\r\n`)
    .join('');

function play(socket: Socket, source: number, sequence: number): NodeJS.Timeout {
  const startMs = Date.now();
  let sent = 0;
  return setInterval(() => {
    for (const due = (Date.now() - startMs) / RTP_MS; sent < due; sent += 1) {
      const packet = Buffer.alloc(4 + 12 + RTP_BYTES);
      packet.write('$', 'latin1');
      packet.writeUInt16BE(packet.length - 4, 2);
      packet.writeUInt8(0x80, 4);
      packet.writeUInt16BE((sequence + sent) & 0xffff, 6);
      packet.writeUInt32BE(sent * RTP_BYTES, 8);
      packet.writeUInt32BE(source, 12);
      for (let i = 0; i < RTP_BYTES; i += 1) packet[16 + i] = mulaw(song[(2 * (sent * RTP_BYTES + i)) % song.length]!);
      if (socket.writable) socket.write(packet);
    }
  }, RTP_MS);
}
