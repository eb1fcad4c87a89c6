import type { VoicePrintsError } from '../../../core/errors.js';
import type { RtspSource } from '../../../core/liveSource.js';
import { lost, notFound, unauthorized, unreachable } from '../liveErrors.js';

/** What a refusal (RFC 2326, 11) means for whoever set the camera up. */
export function failureOfStatus(status: number, method: string, source: RtspSource): VoicePrintsError {
  if (status === 401 || status === 403) return unauthorized(source.credentials !== undefined);
  if (status === 404 || status === 410) return notFound('the device has no such stream');
  if (status < 400) return notFound('the stream has moved to another address');
  if (status === 461)
    return unreachable(`the device does not offer RTP over ${source.transport ?? 'tcp'}; try the other`);
  if (status === 453 || status === 503) return lost('the device is busy: it serves as many as it can');
  return lost(`the device refuses ${method} with status ${status}`);
}
