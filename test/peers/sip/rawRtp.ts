import { createSocket, type Socket } from 'node:dgram';

export interface RawPacket {
  readonly payloadType: number;
  readonly payload: Buffer;
  /** Ticks of the codec's clock since the packet before. */
  readonly ticks?: number;
}

/** RTP packet by packet, whatever is in them. */
export class RawRtp implements AsyncDisposable {
  readonly #socket: Socket;
  #sequence = 100;
  #timestamp = 1_000;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static open(): Promise<RawRtp> {
    const socket = createSocket('udp4');
    return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(new RawRtp(socket))));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(to: number, { payloadType, payload, ticks = 160 }: RawPacket): void {
    const head = Buffer.alloc(12);
    head[0] = 0x80;
    head[1] = payloadType;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#timestamp += ticks;
    head.writeUInt16BE(this.#sequence, 2);
    head.writeUInt32BE(this.#timestamp >>> 0, 4);
    head.writeUInt32BE(0x1234, 8);
    this.#socket.send(Buffer.concat([head, payload]), to, '127.0.0.1');
  }

  sendBytes(to: number, bytes: Buffer): void {
    this.#socket.send(bytes, to, '127.0.0.1');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}

/** The port of the audio in a description. */
export const audioPortOf = (message: string): number => Number(/^m=audio (\d+)/m.exec(message)?.[1]);
