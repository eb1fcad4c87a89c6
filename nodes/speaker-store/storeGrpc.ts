import type { Node } from 'node-red';
import type { KeyCheck } from '../../src/api/access/admitKey.js';
import type { FailureReport } from '../../src/api/calls/call.js';
import type { RunningGrpcServer } from '../../src/api/grpc/serveGrpc.js';
import { readTls, type TlsFiles } from '../../src/api/tlsFiles.js';
import { asVoicePrintsError, type Engine } from '../../src/index.js';
import type { Tracing } from '../../src/tracing/tracing.js';
import { failureBadge } from '../shared/badge.js';

interface StoreGrpcOptions extends KeyCheck {
  readonly engine: () => Promise<Engine>;
  readonly host: string;
  readonly port: number;
  readonly tlsFiles: TlsFiles;
  readonly onFailure: (failure: FailureReport) => void;
  readonly tracing: Tracing;
}

/** Streams that are open have this long to end before a deploy ends them; Node-RED waits 15 s. */
const DEPLOY_GRACE_MS = 3_000;

/** Opens the realtime service of a store beside the running deploy; a failure is the node's error and status. Returns a function that closes it. */
export function openStoreGrpc(store: Node, { engine, tlsFiles, ...options }: StoreGrpcOptions): () => Promise<void> {
  let isClosing = false;
  const start = async (): Promise<RunningGrpcServer | undefined> => {
    const opened = await engine();
    const tls = await readTls(tlsFiles);
    const { serveGrpc } = await import('../../src/api/grpc/serveGrpc.js'); // only where it is switched on
    if (isClosing) return undefined;
    const server = await serveGrpc({ ...options, ...(tls && { tls }), engine: opened, graceMs: DEPLOY_GRACE_MS });
    store.log(`gRPC at ${server.address}${tls ? ', over TLS' : ''}`);
    return server;
  };
  const starting = start().catch((thrown: unknown) => {
    const { code, message } = asVoicePrintsError(thrown);
    if (code === 'ENGINE_CLOSED') return undefined; // closed again before it was open
    store.error(message);
    store.status(failureBadge(code)); // a config node has no badge, but Status nodes receive it
    return undefined;
  });
  return async () => {
    isClosing = true;
    await (await starting)?.close();
  };
}
