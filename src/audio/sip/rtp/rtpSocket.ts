import { randomInt } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { VoicePrintsError } from '../../../core/errors.js';
import { guarded } from '../../../core/guarded.js';
import type { SipConfig } from '../sipTypes.js';

/** A burst of two seconds is not lost while the process is busy. */
const RECEIVE_BUFFER_BYTES = 262_144;

const isTaken = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EADDRINUSE';

function bound(port: number, address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
    const fail = (error: unknown) => {
      reject(error);
      socket.close();
    };
    let onError = fail;
    socket.on(
      'error',
      guarded(reject, (error: Error) => onError(error)),
    );
    const listening = () => {
      onError = () => undefined; // ICMP; silence is found out by the watchdog
      resolve(socket);
    };
    socket.bind(port, address, guarded(fail, listening));
  });
}

/**
 * A socket on an even port of the range (RFC 3550, 11), chosen at random. Throws SIP_LISTEN_FAILED.
 *
 * @param onFault gets what `onPacket` throws
 */
export async function openRtpSocket(
  { min, max }: SipConfig['rtpPorts'],
  address: string,
  onPacket: (packet: Buffer, from: RemoteInfo) => void,
  onFault: (thrown: unknown) => void,
): Promise<Socket> {
  const first = min + (min % 2);
  const count = max === 0 ? 1 : Math.max(0, Math.floor((max - first) / 2) + 1);
  const start = count > 0 ? randomInt(count) : 0;
  for (let i = 0; i < count; i += 1) {
    try {
      const socket = await bound(first + 2 * ((start + i) % count), address);
      return socket.on('message', guarded(onFault, onPacket));
    } catch (cause) {
      if (isTaken(cause)) continue;
      throw new VoicePrintsError('SIP_LISTEN_FAILED', 'no audio port can be opened; check the listen address', {
        cause,
      });
    }
  }
  throw new VoicePrintsError('SIP_LISTEN_FAILED', 'every audio port is in use; widen the port range', {
    details: { min, max },
  });
}
