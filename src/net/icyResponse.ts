import type { Readable } from 'node:stream';

const ICY = Buffer.from('ICY ');
const HTTP = Buffer.from('HTTP/1.0 ');
/** SHOUTcast's `ICY 401 Service Unavailable`: the station is off the air. Not an authorization failure. */
const OFF_AIR = /^ICY 401/;
const STATUS_BYTES = ICY.length + 3;

/**
 * Rewrites the status line `ICY 200 OK` of SHOUTcast 1 and its descendants to HTTP, which HTTP parsers require. All other
 * bytes are unchanged.
 */
export function icyAsHttp(socket: Readable): void {
  let held: Buffer = Buffer.alloc(0);
  const push = socket.push.bind(socket);
  socket.push = (chunk: Buffer | null, encoding) => {
    if (chunk === null) {
      socket.push = push;
      if (held.length > 0) push(held);
      return push(null);
    }
    held = Buffer.concat([held, chunk]);
    if (held.length < STATUS_BYTES && isPrefix(held)) return true; // not enough bytes to decide
    socket.push = push;
    return push(begunAsHttp(held), encoding);
  };
}

const isPrefix = (bytes: Buffer): boolean => bytes.subarray(0, ICY.length).equals(ICY.subarray(0, bytes.length));

function begunAsHttp(bytes: Buffer): Buffer {
  if (!isPrefix(bytes)) return bytes;
  const status = bytes.toString('latin1', 0, STATUS_BYTES);
  const first = Buffer.from(OFF_AIR.test(status) ? '503' : status.slice(ICY.length), 'latin1');
  return Buffer.concat([HTTP, first, bytes.subarray(STATUS_BYTES)]);
}
