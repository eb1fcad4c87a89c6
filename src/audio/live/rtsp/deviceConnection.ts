import type { VoicePrintsError } from '../../../core/errors.js';
import type { RtspSource } from '../../../core/liveSource.js';
import type { MediaReach } from '../../../net/mediaReach.js';
import { connectSecurely, isTlsFault } from '../../../tls/secureConnection.js';
import type { HttpAuthorization } from '../httpAuthorization.js';
import { leadsAstray, lost, unreachable, untrusted } from '../liveErrors.js';
import { type DeviceEvents, type DeviceFailure, RtspDevice } from './rtspDevice.js';

const DEFAULT_PORT = { 'rtsp:': 554, 'rtsps:': 322 } as const;

export interface DeviceConnectionOptions {
  readonly source: RtspSource;
  readonly reach: MediaReach;
  readonly authorization: HttpAuthorization | undefined;
}

/** Connects to the device at `url`: the one of the source, or where that led. */
export function connectDevice(url: string, options: DeviceConnectionOptions, events: DeviceEvents): RtspDevice {
  const { source, reach, authorization } = options;
  const { protocol, hostname, port } = new URL(url);
  const isTls = protocol === 'rtsps:';
  const socket = reach.connect(hostname, Number(port) || DEFAULT_PORT[isTls ? 'rtsps:' : 'rtsp:']);
  // Password and trust are for the host that its owner named.
  const isOwn = hostname.toLowerCase() === new URL(source.url).hostname.toLowerCase();
  const name = hostname.replace(/^\[|\]$/g, '');
  const secure = isTls ? connectSecurely({ socket }, { name, trust: isOwn ? source.trust : undefined }) : undefined;
  return new RtspDevice(socket, secure, isOwn ? authorization : undefined, events);
}

/** What a failed connection means. */
export function failureOfConnection(kind: DeviceFailure, cause: unknown): VoicePrintsError {
  if (cause instanceof Error && /is not allowed\. Because/.test(cause.message)) return leadsAstray();
  if (isTlsFault(cause)) return untrusted('the device', cause);
  if (kind === 'broken') return lost('the connection to the device broke', cause);
  return unreachable(
    kind === 'unreachable' ? 'the device does not answer' : 'the server at this address is not an RTSP server',
    cause,
  );
}
