import { type RequestListener, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { VoicePrintsError } from '../../core/errors.js';
import { problemDialect } from '../refusals/dialect.js';
import { httpRefusal, refusalOf } from '../refusals/refusal.js';
import { writeRefusal } from './endpoint.js';

const invalid = (what: string) => new VoicePrintsError('INPUT_INVALID', what);

function refuse(response: ServerResponse, thrown: unknown): void {
  response.shouldKeepAlive = false; // whatever body follows is not read
  writeRefusal(response, problemDialect, refusalOf(thrown));
}

/** An application of Express, without its own answers: those that node:http and Express would give are pages, or have no code. */
export const answerWith =
  (app: (...given: [...Parameters<RequestListener>, next: (error?: unknown) => void]) => void): RequestListener =>
  (request, response) => {
    if (request.headers.host === undefined && request.httpVersion === '1.1')
      return refuse(response, invalid('the request has no header Host; send one'));
    // Every address has a route but one that cannot be split.
    app(request, response, (fault) => refuse(response, fault ?? invalid('the address cannot be read; check it')));
  };

/** An `Expect` other than 100-continue. */
export const refuseExpectation: RequestListener = (_request, response) =>
  refuse(response, invalid('the header Expect asks for what this server does not do; leave it out'));

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
  return invalid('the request is not valid HTTP; check its headers and its length');
}
