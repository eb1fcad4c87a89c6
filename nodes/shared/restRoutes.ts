import { createHash } from 'node:crypto';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Node, NodeAPI } from 'node-red';
import { ApiKeys } from '../../src/api/apiKeys.js';
import type { FailureReport } from '../../src/api/call.js';
import { createRestRouter } from '../../src/api/rest.js';
import { asVoicePrintsError, type Engine, type Jobs, LOCAL_TENANT, VoicePrintsError } from '../../src/index.js';

/** A store whose REST API is switched on. */
interface Mount {
  readonly path: string;
  readonly serve: RequestHandler;
}

interface MountOptions {
  /** Below Node-RED's HTTP root; `/` serves the calls at the root itself. */
  readonly path: string;
  readonly apiKey: string | undefined;
  readonly engine: () => Promise<Engine>;
  readonly jobs: () => Promise<Jobs>;
}

const SHORTEST_KEY = 8;
const mounts = new Map<string, Mount>();

/** Registered once when the package is loaded; which store answers is looked up on each request. */
export function registerRestRoutes(RED: NodeAPI): void {
  if (!isHttpOn(RED)) return;
  const { httpNodeMiddleware } = RED.settings as { httpNodeMiddleware?: RequestHandler | RequestHandler[] };
  const guards = [httpNodeMiddleware ?? []].flat();
  const dispatch: RequestHandler = (req, res, next) => {
    const mount = [...mounts.values()].find(({ path }) => isBelow(req.path, path));
    if (!mount) return void next();
    runGuards(guards, req, res, (error?: unknown) => (error ? next(error) : enter(mount, req, res, next)));
  };
  RED.httpNode.use(dispatch);
}

/** Switches a store's API on until the node closes. Throws CONFIG_INVALID without a key or on a path that is taken. */
export function mountRest(RED: NodeAPI, store: Node, { path, apiKey, engine, jobs }: MountOptions): void {
  if (!isHttpOn(RED)) throw invalid('this Node-RED serves no HTTP (httpNodeRoot is false); switch the REST API off');
  if (!apiKey || apiKey.length < SHORTEST_KEY) {
    throw invalid(`the REST API never opens without a key; enter one of ${SHORTEST_KEY} characters or more`);
  }
  if ([...mounts.values()].some((mount) => mount.path === path)) {
    throw invalid('another speaker store serves its REST API on the same path; choose another path');
  }
  // As a digest: a key may hold any character, and none of it stays in memory.
  const keys = ApiKeys.fromPairs([
    `${LOCAL_TENANT}:sha256:${createHash('sha256').update(apiKey, 'utf8').digest('hex')}`,
  ]);
  const onFailure = ({ requestId, code }: FailureReport): void =>
    store.error(`REST request ${requestId} failed: ${code}`);
  let router: Promise<RequestHandler> | undefined;
  const open = async (): Promise<RequestHandler> =>
    createRestRouter({ engine: await engine(), keys, jobs, options: { onFailure } });
  const serve: RequestHandler = (req, res, next) => {
    router ??= open();
    router.then(
      (handle) => handle(req, res, next),
      (thrown: unknown) => {
        router = undefined; // the store may open next time
        refuse(res, asVoicePrintsError(thrown));
      },
    );
  };
  mounts.set(store.id, { path, serve });
  store.on('close', () => mounts.delete(store.id));
}

const isHttpOn = (RED: NodeAPI): boolean => (RED.settings.httpNodeRoot as string | false | undefined) !== false;

const isBelow = (requested: string, path: string): boolean =>
  path === '/' || requested === path || requested.startsWith(`${path}/`);

/** As Express mounts a router: what is in front of the router's own paths moves from `url` to `baseUrl`. */
function enter({ path, serve }: Mount, req: Request, res: Response, next: NextFunction): void {
  if (path === '/') return void serve(req, res, next);
  const { url, baseUrl } = req;
  req.baseUrl = baseUrl + path;
  req.url = url.slice(path.length);
  if (!req.url.startsWith('/')) req.url = `/${req.url}`;
  serve(req, res, (error?: unknown) => {
    req.url = url;
    req.baseUrl = baseUrl;
    next(error);
  });
}

/** The middleware of Node-RED's settings file, which core applies to each of its own routes. */
function runGuards(guards: readonly RequestHandler[], req: Request, res: Response, next: NextFunction): void {
  const [first, ...others] = guards;
  if (!first) next();
  else first(req, res, (error?: unknown) => (error ? next(error) : runGuards(others, req, res, next)));
}

function refuse(res: Response, { code, message }: VoicePrintsError): void {
  const detail = { errorcode: `com.deepaffects.${code}`, error_code: `com.deepaffects.${code}` };
  res.status(503).json({ fault: { faultstring: message, fault_string: message, detail } });
}

const invalid = (message: string) => new VoicePrintsError('CONFIG_INVALID', message);
