import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RtpStream {
  readonly port: number;
  readonly payloadType: number;
  /** Payloads of 20 ms each. */
  readonly payloads: readonly Uint8Array[];
  /** RTP clock ticks a payload. */
  readonly ticks: number;
  /** Packets that never leave. */
  readonly isLost?: (index: number) => boolean;
  /** Packets that leave this much later than the others. */
  readonly delayMs?: (index: number) => number;
}

/** Sends packets to loopback at the pace of the clock, as a door station would. */
export async function sendRtp(stream: RtpStream): Promise<void> {
  const { port, payloads, isLost = () => false, delayMs = () => 0 } = stream;
  const socket = createSocket('udp4');
  const start = performance.now();
  const late: Promise<void>[] = [];
  for (const [i, payload] of payloads.entries()) {
    const waitMs = start + 20 * i - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    if (isLost(i)) continue;
    const bytes = packet(stream, i, payload);
    const delay = delayMs(i);
    const send = () => new Promise<void>((resolve) => socket.send(bytes, port, '127.0.0.1', () => resolve()));
    if (delay === 0) await send();
    else late.push(sleep(delay).then(send));
  }
  await Promise.all(late);
  socket.close();
}

/** RFC 3550, 5.1. Sequence numbers and times begin anywhere, here shortly before they wrap. */
function packet({ payloadType, ticks }: RtpStream, index: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = payloadType | (index === 0 ? 0x80 : 0);
  header.writeUInt16BE((65_530 + index) % 65_536, 2);
  header.writeUInt32BE((0xffff_fff0 + index * ticks) % 2 ** 32, 4);
  header.writeUInt32BE(0x1234_5678, 8);
  return Buffer.concat([header, payload]);
}

/** A UDP port that nobody uses. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
