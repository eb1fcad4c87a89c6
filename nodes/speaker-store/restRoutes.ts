import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Node, NodeAPI } from 'node-red';
import type { KeyCheck } from '../../src/api/access/admitKey.js';
import type { FailureReport } from '../../src/api/calls/call.js';
import { createRestRouter } from '../../src/api/rest.js';
import type { SourceReport } from '../../src/api/restOptions.js';
import { lazy } from '../../src/core/lazy.js';
import { asVoicePrintsError, type Engine, type ErrorCode, type Jobs, VoicePrintsError } from '../../src/index.js';
import type { Tracing } from '../../src/tracing/tracing.js';
import { nodeCors } from './nodeCors.js';
import { fullPath, registerUpgrades } from './upgrades.js';

/** A store that other programs reach over HTTP. */
interface Mount {
  readonly path: string;
  readonly serve: RequestHandler;
}

interface MountOptions {
  /** Below Node-RED's HTTP root; `/` serves the calls at the root itself. */
  readonly path: string;
  /** Called one after the other. */
  readonly handlers: readonly RequestHandler[];
}

interface RestHandlerOptions extends KeyCheck {
  readonly engine: () => Promise<Engine>;
  readonly jobs: () => Promise<Jobs>;
  readonly sources: () => readonly SourceReport[];
  readonly onFailure: (failure: FailureReport) => void;
  readonly tracing: Tracing;
}

const mounts = new Map<string, Mount>();

/** Registered once when the package is loaded; which store answers is looked up on each request. */
export function registerRestRoutes(RED: NodeAPI): void {
  if (!isHttpOn(RED)) return;
  const { httpNodeMiddleware } = RED.settings as { httpNodeMiddleware?: RequestHandler | RequestHandler[] };
  // Node-RED applies both to each of its own routes.
  const guards = [httpNodeMiddleware ?? [], ...nodeCors(RED)].flat();
  const dispatch: RequestHandler = (req, res, next) => {
    const mount = [...mounts.values()].find(({ path }) => isBelow(req.path, path));
    if (!mount) return void next();
    runInTurn(guards, req, res, (error?: unknown) => (error ? next(error) : enter(mount, req, res, next)));
  };
  RED.httpNode.use(dispatch);
  registerUpgrades(RED, (path) =>
    [...mounts.values()].some((mount) => isBelow(path, fullPath(RED, mount.path) || '/')),
  );
}

/** Serves what a store has switched on until the node closes. Throws CONFIG_INVALID on a path that is taken. */
export function mountHttp(RED: NodeAPI, store: Node, { path, handlers }: MountOptions): void {
  if (!isHttpOn(RED)) {
    throw invalid('this Node-RED serves no HTTP (httpNodeRoot is false); switch REST and live streams off');
  }
  if ([...mounts.values()].some((mount) => mount.path === path)) {
    throw invalid('another speaker store is served on the same base path; choose another one');
  }
  mounts.set(store.id, { path, serve: (req, res, next) => runInTurn(handlers, req, res, next) });
  store.on('close', () => mounts.delete(store.id));
}

/** The REST API of a store, whose engine opens with the first call at the latest. */
export function restHandler({ engine, onFailure, ...shared }: RestHandlerOptions): RequestHandler {
  const router = lazy(
    async (): Promise<RequestHandler> =>
      createRestRouter({ ...shared, engine: await engine(), options: { onFailure } }),
  );
  return (req, res, next) => {
    router.get().then(
      (handle) => handle(req, res, next),
      (thrown: unknown) => refuse(res, asVoicePrintsError(thrown).code),
    );
  };
}

const isHttpOn = (RED: NodeAPI): boolean => (RED.settings.httpNodeRoot as string | false | undefined) !== false;

const isBelow = (requested: string, path: string): boolean =>
  path === '/' || requested === path || requested.startsWith(`${path}/`);

/** As Express mounts a router: the prefix of the router's paths moves from `url` to `baseUrl`. */
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

/** Each hands over to the next one, as in Express. */
function runInTurn(handlers: readonly RequestHandler[], req: Request, res: Response, next: NextFunction): void {
  const [first, ...others] = handlers;
  if (!first) next();
  else first(req, res, (error?: unknown) => (error ? next(error) : runInTurn(others, req, res, next)));
}

/** Before a key was checked: no details of the failure, which may name files. */
function refuse(res: Response, code: ErrorCode): void {
  const message = 'the speaker store cannot be opened now; try again, or ask its operator';
  const detail = { errorcode: `com.deepaffects.${code}`, error_code: `com.deepaffects.${code}` };
  res.status(503).json({ fault: { faultstring: message, fault_string: message, detail } });
}

const invalid = (message: string) => new VoicePrintsError('CONFIG_INVALID', message);
