import { connect } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { OwnCertificate } from '../../src/core/serverTrust.js';

/** TLS in front of a server that has none. */
export interface TlsFront extends AsyncDisposable {
  readonly port: number;
}

export async function tlsBefore(port: number, { certificate: cert, key }: OwnCertificate): Promise<TlsFront> {
  const open = new Set<TLSSocket>();
  const server = createServer({ cert, key }, (socket) => {
    open.add(socket);
    const inner = connect(port, '127.0.0.1');
    for (const one of [socket, inner]) {
      one.on('error', () => undefined);
      one.on('close', () => {
        open.delete(socket);
        socket.destroy();
        inner.destroy();
      });
    }
    socket.pipe(inner).pipe(socket);
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { readonly port: number }).port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
