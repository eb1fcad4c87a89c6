import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import type { Refusal } from '../refusals/refusal.js';

/** gRPC status of an HTTP status (google.rpc.Code). */
const CODES: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  402: status.RESOURCE_EXHAUSTED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  408: status.DEADLINE_EXCEEDED,
  409: status.FAILED_PRECONDITION,
  413: status.RESOURCE_EXHAUSTED,
  415: status.INVALID_ARGUMENT,
  422: status.INVALID_ARGUMENT,
  429: status.RESOURCE_EXHAUSTED,
  501: status.UNIMPLEMENTED,
  503: status.UNAVAILABLE,
};

/** Final status of a refused stream; the stable code is in the metadata `error-code`. */
export function statusOf(refusal: Refusal): StatusObject {
  const metadata = new Metadata();
  metadata.set('error-code', refusal.code);
  const wait = refusal.headers?.['retry-after'];
  if (wait !== undefined) metadata.set('retry-after', wait);
  return { code: CODES[refusal.v1Status] ?? status.INTERNAL, details: refusal.message, metadata };
}
