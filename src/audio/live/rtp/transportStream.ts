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
  const fail = () => channel.fail(portUnavailable(port.port));
  socket.on('error', guarded(fail, fail));
  socket.on(
    'message',
    guarded(fail, (datagram: Buffer) => {
      const bytes = transportPackets(datagram, port.format.payloadType);
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

/** Whole packets of a transport stream in a datagram; undefined where it holds none. */
export function transportPackets(datagram: Buffer, payloadType: number | undefined): Uint8Array | undefined {
  if (isTransport(datagram)) return datagram;
  const packet = parseRtp(datagram);
  if (!packet || (payloadType !== undefined && packet.payloadType !== payloadType)) return undefined;
  return isTransport(packet.payload) ? packet.payload : undefined;
}

const isTransport = (bytes: Buffer): boolean =>
  bytes.length >= TS_PACKET_BYTES && bytes.length % TS_PACKET_BYTES === 0 && bytes[0] === SYNC_BYTE;
