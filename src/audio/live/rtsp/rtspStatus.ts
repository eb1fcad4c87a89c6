import type { VoicePrintsError } from '../../../core/errors.js';
import type { RtspSource } from '../../../core/liveSource.js';
import { lost, notFound, unauthorized, unreachable } from '../liveErrors.js';

/** Unsupported transport: the device wants the other one, UDP or TCP. */
export const OTHER_TRANSPORT = 461;
/** Statuses that concern the address, and not the credentials, the transport or the rate. */
const OTHER_REASONS = [401, 403, 453, OTHER_TRANSPORT];

/** Whether the same request may be tried with another address of the stream. */
export const isOtherAddressWorthATry = (status: number): boolean =>
  status >= 400 && status < 500 && !OTHER_REASONS.includes(status);

/** What a refusal (RFC 2326, 11) means for the operator of the camera. */
export function failureOfStatus(status: number, method: string, source: RtspSource): VoicePrintsError {
  if (status === 401 || status === 403) return unauthorized(source.credentials !== undefined);
  if (status === 404 || status === 410) return notFound('the device has no such stream');
  if (status < 400) return notFound('the stream has moved to another address');
  if (status === OTHER_TRANSPORT) return unreachable('the device offers RTP neither over TCP nor over UDP');
  if (status === 453 || status === 503) return lost('the device is busy: it serves as many as it can');
  return lost(`the device refuses ${method} with status ${status}`);
}
