import type { RequestHandler } from 'express';
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AsyncJobs } from '../../src/api/asyncJobs.js';
import type { FailureReport } from '../../src/api/call.js';
import { livePage } from '../../src/api/page/pages.js';
import type { Engine, JobView } from '../../src/index.js';
import { mountHttp, restHandler } from './restRoutes.js';
import { readSettings } from './settings.js';
import { openStoreGrpc } from './storeGrpc.js';
import { openEarly, storeJobs } from './storeJobs.js';
import { storeKeys } from './storeKeys.js';
import { type StoreCredentials, storeForm } from './storeSettings.js';
import { openStoreStreams } from './storeStreams.js';

/** What other programs reach a store by. */
export interface StoreSurfaces {
  /** Hears every asynchronous job that is done or failed. Returns what ends that. */
  onJob(listener: (job: JobView) => void): () => void;
  /** No port and no socket is left. The engine stays the caller's, to be closed afterwards. */
  close(): Promise<void>;
}

/** What is switched on in the settings; undefined where nothing is. Throws CONFIG_INVALID. */
export function openSurfaces(
  RED: NodeAPI,
  store: Node<StoreCredentials>,
  def: NodeDef,
  engine: () => Promise<Engine>,
): StoreSurfaces | undefined {
  const { isRestOn, isStreamOn, isGrpcOn, restPath, grpcHost, grpcPort } = readSettings(storeForm, def);
  if (!isRestOn && !isStreamOn && !isGrpcOn) return undefined;
  const check = storeKeys(store.credentials?.apiKey);
  const onFailure = ({ requestId, code }: FailureReport): void =>
    store.error(`request ${requestId} of another program failed: ${code}`);
  const shared = { ...check, engine, onFailure };
  const handlers: RequestHandler[] = [];
  const closers: (() => Promise<void>)[] = [];
  let jobs: AsyncJobs | undefined;
  if (isStreamOn) handlers.push(pageHandler());
  if (isRestOn) {
    jobs = storeJobs(store, { engine, encryptionKey: store.credentials?.encryptionKey, gate: check.gate });
    handlers.push(restHandler({ ...shared, jobs: jobs.open }));
  }
  if (handlers.length > 0) mountHttp(RED, store, { path: restPath, handlers });
  if (isStreamOn) closers.push(openStoreStreams(RED, store, { ...shared, path: restPath }));
  if (isGrpcOn) closers.push(openStoreGrpc(store, { ...shared, host: grpcHost, port: grpcPort }));
  if (jobs) openEarly(store, jobs);
  return {
    onJob: (listener) => jobs?.onSettled(listener) ?? (() => undefined),
    close: async () => {
      await Promise.all(closers.map((close) => close()));
      await jobs?.[Symbol.asyncDispose](); // what is in work is handed back, and done after the next start
    },
  };
}

/** The page with the microphone, at `/live` below the store's path. */
function pageHandler(): RequestHandler {
  const page = livePage();
  return (request, response, next) => {
    const isAsked = ['GET', 'HEAD'].includes(request.method) && /^\/live\/?$/.test(request.path);
    if (isAsked) page(request, response);
    else next();
  };
}
