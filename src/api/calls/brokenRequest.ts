import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { VoicePrintsError } from '../../core/errors.js';
import { problemDialect } from '../refusals/dialect.js';
import { httpRefusal, refusalOf } from '../refusals/refusal.js';

/** Answers a request that node:http could not parse, or that timed out, like every other refusal; then closes the connection. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = refusalOf(reasonOf(error.code));
  const status = problemDialect.status(refusal);
  const body = JSON.stringify(problemDialect.body(refusal));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'connection: close',
    `content-type: ${problemDialect.contentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function reasonOf(code: string | undefined): Error {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return httpRefusal('HEAD_TOO_LARGE', 'address and headers are longer than 16 KiB; send long fields in the body');
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return httpRefusal('BODY_TIMEOUT', 'the request did not arrive in time; send it faster');
  }
  return new VoicePrintsError('INPUT_INVALID', 'the request is not valid HTTP; check its headers and its length');
}
