import type { RequestHandler } from 'express';
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { FailureReport } from '../../src/api/calls/call.js';
import { consoleFiles } from '../../src/api/page/console.js';
import type { SourceReport } from '../../src/api/restOptions.js';
import type { Engine, JobView } from '../../src/index.js';
import { openTracing } from '../../src/tracing/openTracing.js';
import { readSettings } from '../shared/settings.js';
import { mountHttp, restHandler } from './restRoutes.js';
import { openStoreGrpc } from './storeGrpc.js';
import { openEarly, storeJobs } from './storeJobs.js';
import type { StoreKeys } from './storeKeys.js';
import { pathOf, type StoreCredentials, storeForm } from './storeSettings.js';
import { openStoreStreams } from './storeStreams.js';

/** What other programs reach a store by. */
export interface StoreSurfaces {
  /** Calls the listener for every asynchronous job that is done or failed. Returns a function that ends that. */
  onJob(listener: (job: JobView) => void): () => void;
  /** No port and no socket is left. The engine stays the caller's, to be closed afterwards. */
  close(): Promise<void>;
}

interface SurfacesOptions {
  readonly engine: () => Promise<Engine>;
  /** Throws CONFIG_INVALID. */
  readonly keys: () => StoreKeys;
  readonly sources: () => readonly SourceReport[];
}

/** The surfaces that are switched on in the settings, as soon as there is a key; undefined where none is. Throws CONFIG_INVALID. */
export function openSurfaces(
  RED: NodeAPI,
  store: Node<StoreCredentials>,
  def: NodeDef,
  options: SurfacesOptions,
): StoreSurfaces | undefined {
  const settings = readSettings(storeForm, def);
  const { isRestOn, isStreamOn, isGrpcOn, restPath, grpcHost, grpcPort } = settings;
  if (!isRestOn && !isStreamOn && !isGrpcOn) return undefined;
  const pemPath = (file: string): string => (file.trim() === '' ? '' : pathOf(RED, store, file));
  const tlsFiles = {
    certificate: pemPath(settings.grpcCertificate),
    privateKey: pemPath(settings.grpcPrivateKey),
  };
  const keys = options.keys();
  // Keys and limits are known before any call is looked at.
  const engine = async (): Promise<Engine> => {
    await keys.ring();
    return options.engine();
  };
  const onFailure = ({ requestId, code }: FailureReport): void =>
    store.error(`request ${requestId} of another program failed: ${code}`);
  const tracing = openTracing(process.env, (message) => store.warn(message));
  const shared = { ...keys.check, engine, onFailure, tracing };
  const { encryptionKey } = store.credentials ?? {};
  const jobs = isRestOn ? storeJobs(store, { engine, encryptionKey, gate: keys.check.gate, tracing }) : undefined;
  const closers: (() => Promise<void>)[] = [];
  keys.onceHeld(() => {
    const handlers: RequestHandler[] = [];
    if (isStreamOn) handlers.push(pageHandler());
    if (jobs) handlers.push(restHandler({ ...shared, jobs: jobs.open, sources: options.sources }));
    if (handlers.length > 0) mountHttp(RED, store, { path: restPath, handlers });
    if (isStreamOn) closers.push(openStoreStreams(RED, store, { ...shared, path: restPath }));
    if (isGrpcOn) closers.push(openStoreGrpc(store, { ...shared, host: grpcHost, port: grpcPort, tlsFiles }));
    if (jobs) openEarly(store, jobs);
  });
  return {
    onJob: (listener) => jobs?.onSettled(listener) ?? (() => undefined),
    close: async () => {
      await Promise.all(closers.map((close) => close()));
      await jobs?.[Symbol.asyncDispose](); // running jobs are handed back, and done after the next start
    },
  };
}

/** The console, at `/live` below the store's path. */
function pageHandler(): RequestHandler {
  const serve = consoleFiles(['/live']);
  return (request, response, next) => {
    if (/^\/live\/$/.test(request.path))
      response.redirect('../live'); // its files lie beside it
    else if (!serve(request, response, request.path)) next();
  };
}
