import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';

/** Whether a request offers an upgrade to WebSocket and to nothing else. */
export const isWebSocket = (request: IncomingMessage): boolean =>
  request.headers.upgrade?.trim().toLowerCase() === 'websocket';

/**
 * Ignores an offered upgrade: many clients offer HTTP/2 or TLS with every call, and continue in HTTP/1.1 where the server
 * does not accept it (RFC 9110, 7.8). node:http has detached the connection by then, so the head is written again without
 * the offer, and is read, together with the bytes after it, as a new connection of the same server.
 */
export function declineUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i]!, rawHeaders[i + 1]!];
    const kept = keptOf(name.toLowerCase(), value);
    if (kept !== '') lines.push(`${name}: ${kept}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit(server instanceof TlsServer ? 'secureConnection' : 'connection', socket);
}

/** A header without the offer: nothing, or the unrelated tokens of `connection`. */
function keptOf(name: string, value: string): string {
  if (name === 'upgrade' || name === 'http2-settings') return '';
  if (name !== 'connection') return value;
  const tokens = value.split(',').map((token) => token.trim());
  return tokens.filter((token) => !/^(upgrade|http2-settings)$/i.test(token)).join(', ');
}
