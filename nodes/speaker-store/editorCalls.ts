import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import type { NodeAPI } from 'node-red';
import { ApiKeys } from '../../src/api/access/apiKeys.js';
import type { Caller, Scope } from '../../src/api/access/caller.js';
import { createRestRouter } from '../../src/api/rest.js';
import { type Lazy, lazy } from '../../src/core/lazy.js';
import { asVoicePrintsError, LOCAL_TENANT } from '../../src/index.js';
import { type SpeakerStoreNode, storeIfAny } from './storeOf.js';

/** Recordings that are tried in a dialog. */
const LONGEST_MS = 600_000;
const MOST_AT_ONCE = 2;

/** Content that a page of another origin cannot send without being asked first whether it may (a CORS preflight). */
const SAFE_CONTENT = /^(application\/(json|octet-stream)|audio\/|video\/)/i;

/**
 * The calls of `/v1` for the editor's own pages, at `voice-prints/stores/ID/v1/…`: the same as other programs have, behind
 * the editor's log-in and permissions in place of keys, whether or not the store offers REST. Registered once; the store is looked up
 * on each request.
 */
export function registerEditorCalls(RED: NodeAPI): void {
  const routers = new WeakMap<SpeakerStoreNode, Lazy<RequestHandler>>();
  const routerOf = (store: SpeakerStoreNode): Lazy<RequestHandler> => {
    const known = routers.get(store);
    if (known) return known;
    const made = lazy(async () => routerFor(store));
    routers.set(store, made);
    return made;
  };
  const permission = (need: 'read' | 'write') => RED.auth.needsPermission(`speaker-store.${need}`) as RequestHandler;
  const [read, write] = [permission('read'), permission('write')];
  RED.httpAdmin.use('/voice-prints/stores/:store', (req, res, next) => {
    if (!/^\/v1(\/|$)/.test(req.path)) return void next();
    const isRead = isReading(req);
    const enter: RequestHandler = () => {
      const store = storeIfAny(RED, String(req.params.store));
      if (!store)
        return void refuse(res, 404, 'STORE_NOT_DEPLOYED', 'this store is not deployed; deploy the flow first');
      // Where the editor has no log-in, any page that its user opens could ask for names.
      if (req.headers['sec-fetch-site'] === 'cross-site') {
        return void refuse(
          res,
          403,
          'INPUT_INVALID',
          'these calls are for pages of this editor; use REST of the store with a key',
        );
      }
      if (!isRead && req.method !== 'DELETE' && !SAFE_CONTENT.test(req.headers['content-type'] ?? '')) {
        return void refuse(
          res,
          415,
          'INPUT_INVALID',
          'send application/json, or a recording as application/octet-stream',
        );
      }
      routerOf(store)
        .get()
        .then(
          (handle) => handle(withoutKey(req), res, next),
          (thrown: unknown) => {
            const { code, message } = asVoicePrintsError(thrown);
            refuse(res, 503, code, message);
          },
        );
    };
    (isRead ? read : write)(req, res, (error?: unknown) => (error ? next(error) : enter(req, res, next)));
  });
}

const isReading = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

async function routerFor(store: SpeakerStoreNode): Promise<RequestHandler> {
  return createRestRouter({
    engine: await store.engine(),
    keys: new ApiKeys(() => []),
    ingress: { callerOf: callerOfEditor },
    sources: () => store.sources(),
    options: {
      limits: { maxIdentifyMs: LONGEST_MS, maxConcurrent: MOST_AT_ONCE },
      onFailure: ({ requestId, code }) => store.error(`request ${requestId} of the editor failed: ${code}`),
    },
  });
}

/** Node-RED has checked the permission before; who only reads may change nothing. */
function callerOfEditor(request: IncomingMessage): Caller {
  const scopes: readonly Scope[] = isReading(request) ? ['enrol', 'identify'] : ['enrol', 'identify', 'admin'];
  const { username } = (request as IncomingMessage & { user?: { username?: unknown } }).user ?? {};
  const user = typeof username === 'string' && /^[\w-]{1,64}$/.test(username) ? `editor-${username}` : 'editor';
  return { tenantId: LOCAL_TENANT, keyId: 'editor', user, ownerId: `user:${user}`, scopes };
}

/** The token of the editor's log-in is no key of the store. */
function withoutKey(req: Request): Request {
  delete req.headers.authorization;
  delete req.headers['x-api-key'];
  return req;
}

/** In the form of the other refusals of these calls. */
function refuse(res: Response, status: number, code: string, detail: string): void {
  res.set('Cache-Control', 'no-store');
  res.status(status).type('application/problem+json').send({ status, code, detail });
}
