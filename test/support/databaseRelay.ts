import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a database server that can lose what it carries. */
export interface DatabaseRelay extends AsyncDisposable {
  /** Of the same database. */
  readonly url: string;
  /** The next commit does not reach the server; resolves once it was sent. */
  keepCommit(): Promise<void>;
  /** That the server has committed does not reach the client, the next time; resolves once the server has said so. */
  keepConfirmation(): Promise<void>;
  /** Ends all connections, and takes none until `open`. */
  close(): void;
  open(): void;
}

export async function databaseRelay(databaseUrl: string): Promise<DatabaseRelay> {
  const { hostname, port } = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let isOpen = true;
  let kept: { readonly from: 'client' | 'server'; readonly onKept: () => void } | undefined;
  const server = createServer((client) => {
    if (!isOpen) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(port), hostname);
    for (const [name, from, to] of [
      ['client', client, upstream],
      ['server', upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined); // 'close' follows
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      // The statement, and the name by which the server confirms it.
      from.on('data', (bytes) => {
        if (kept?.from !== name || !bytes.includes('COMMIT')) {
          to.write(bytes);
          return;
        }
        kept.onKept();
        kept = undefined;
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  const close = () => {
    isOpen = false;
    for (const socket of sockets) socket.destroy();
  };
  const keep = (from: 'client' | 'server') =>
    new Promise<void>((onKept) => {
      kept = { from, onKept };
    });
  return {
    url: url.href,
    keepCommit: () => keep('client'),
    keepConfirmation: () => keep('server'),
    close,
    open: () => {
      isOpen = true;
    },
    [Symbol.asyncDispose]: async () => {
      close();
      server.close();
      await once(server, 'close');
    },
  };
}
