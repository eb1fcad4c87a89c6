import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { guarded } from '../../../core/guarded.js';
import { untilAborted } from '../../../stream/abortable.js';
import { Channel } from '../../../stream/channel.js';
import { parseRtp } from '../../sip/rtp/rtpPacket.js';
import { portUnavailable } from '../liveErrors.js';
import { isGroup, type RtpPort } from './rtpSdp.js';

/** ISO/IEC 13818-1, 2.4.3.2. */
const SYNC_BYTE = 0x47;
const TS_PACKET_BYTES = 188;
/** Datagrams held for the decoder: 2 s of 8 Mbit/s; beyond, the oldest give way, as on a line that is too slow. */
const HELD_DATAGRAMS = 1_500;

/**
 * The bytes of an MPEG transport stream sent to a port of this machine, in RTP (RFC 2250) or without, as encoders send
 * both. Throws LIVE_PORT_UNAVAILABLE; else it ends with the signal.
 */
export async function* transportStream(port: RtpPort, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const channel = new Channel<Uint8Array>(HELD_DATAGRAMS, () => undefined);
  const socket = createSocket({ type: isIPv6(port.address) ? 'udp6' : 'udp4', reuseAddr: isGroup(port.address) });
  const packets = new TransportPackets(port.format.payloadType);
  const fail = () => channel.fail(portUnavailable(port.port));
  socket.on('error', guarded(fail, fail));
  socket.on(
    'message',
    guarded(fail, (datagram: Buffer) => {
      const bytes = packets.in(datagram);
      if (bytes) channel.push(bytes);
    }),
  );
  try {
    listen(
      socket,
      port,
      guarded(fail, () => join(socket, port.address)),
    );
    yield* untilAborted(channel, signal);
  } finally {
    socket.close();
  }
}

function listen(socket: Socket, { address, port }: RtpPort, onListening: () => void): void {
  socket.bind({ port, address: process.platform === 'win32' && isGroup(address) ? '0.0.0.0' : address }, onListening);
}

function join(socket: Socket, address: string): void {
  if (isGroup(address)) socket.addMembership(address);
}

/** Finds the packets of a transport stream in datagrams: RTP, whole packets, or a stream cut anywhere, as FFmpeg cuts it by default. */
export class TransportPackets {
  readonly #payloadType: number | undefined;
  /** The beginning of a packet whose end comes with the next datagram. */
  #rest: Buffer = Buffer.alloc(0);

  /** @param payloadType of RTP packets; any by default */
  constructor(payloadType: number | undefined) {
    this.#payloadType = payloadType;
  }

  /** Whole packets that this datagram completes; undefined where there are none. */
  in(datagram: Buffer): Uint8Array | undefined {
    if (isTransport(datagram)) return this.#whole(datagram);
    const packet = parseRtp(datagram);
    if (packet && isTransport(packet.payload)) {
      const isWanted = this.#payloadType === undefined || packet.payloadType === this.#payloadType;
      return isWanted ? this.#whole(packet.payload) : undefined;
    }
    return this.#cut(datagram);
  }

  #whole(packets: Buffer): Buffer {
    this.#rest = Buffer.alloc(0);
    return packets;
  }

  #cut(datagram: Buffer): Buffer | undefined {
    const joined = Buffer.concat([this.#rest, datagram]);
    // What was kept begins a packet, unless a datagram was lost.
    const isInStep = this.#rest.length > 0 && joined.length > TS_PACKET_BYTES && joined[TS_PACKET_BYTES] === SYNC_BYTE;
    const bytes = isInStep ? joined : datagram;
    let start = isInStep ? 0 : firstPacket(bytes);
    const begin = start;
    while (start + TS_PACKET_BYTES <= bytes.length && bytes[start] === SYNC_BYTE) start += TS_PACKET_BYTES;
    const left = bytes.subarray(start);
    this.#rest = left.length < TS_PACKET_BYTES && left[0] === SYNC_BYTE ? Buffer.from(left) : Buffer.alloc(0);
    return start > begin ? bytes.subarray(begin, start) : undefined;
  }
}

/** Where a packet begins that is followed by another; the end of the bytes where there is none. */
function firstPacket(bytes: Buffer): number {
  for (let at = 0; at < TS_PACKET_BYTES && at + TS_PACKET_BYTES < bytes.length; at++) {
    if (bytes[at] === SYNC_BYTE && bytes[at + TS_PACKET_BYTES] === SYNC_BYTE) return at;
  }
  return bytes.length;
}

const isTransport = (bytes: Buffer): boolean =>
  bytes.length >= TS_PACKET_BYTES && bytes.length % TS_PACKET_BYTES === 0 && bytes[0] === SYNC_BYTE;
