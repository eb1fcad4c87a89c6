import type { Request, RequestHandler, Response } from 'express';
import type { NodeAPI } from 'node-red';
import {
  asVoicePrintsError,
  type ErrorCode,
  engineHealth,
  ModelStore,
  type SpeakerDirectory,
  type SpeakerModel,
  systemHealth,
  VoicePrintsError,
} from '../../src/index.js';
import { storeOf } from './storeOf.js';

const STATUS: Partial<Record<ErrorCode, number>> = {
  CONFIG_INVALID: 409,
  SPEAKER_NOT_FOUND: 404,
  KEY_NOT_FOUND: 404,
  SPEAKER_ID_INVALID: 400,
  INPUT_INVALID: 400,
  REGISTRY_KEY_MISSING: 409,
  REGISTRY_KEY_WRONG: 409,
  REGISTRY_LOCKED: 409,
};

/**
 * Routes for the editor's dialogs. Registered once; the store is looked up on each request, so that a redeploy
 * changes nothing here. Behind the editor's own log-in and permissions.
 */
export function registerAdminRoutes(RED: NodeAPI): void {
  const read = RED.auth.needsPermission('speaker-store.read') as RequestHandler;
  const write = RED.auth.needsPermission('speaker-store.write') as RequestHandler;
  const deployed = deployedOnly(RED);
  const speakers = async (req: Request): Promise<SpeakerDirectory> =>
    (await storeOf(RED, String(req.params.store)).engine()).speakers();

  RED.httpAdmin.get(
    '/voice-prints/models',
    read,
    answer(async (req) => (await (await modelsFor(RED, req.query.store)).list()).map(described)),
  );
  RED.httpAdmin.get(
    '/voice-prints/stores/:store/speakers',
    read,
    deployed,
    answer(async (req) => (await speakers(req)).list()),
  );
  RED.httpAdmin.get(
    '/voice-prints/stores/:store/model',
    read,
    deployed,
    answer(async (req) => described((await storeOf(RED, String(req.params.store)).engine()).model)),
  );
  RED.httpAdmin.get(
    '/voice-prints/stores/:store/health',
    read,
    deployed,
    answer(async (req) => {
      const engine = await storeOf(RED, String(req.params.store)).engine();
      return [...(await engineHealth(engine)), ...(await systemHealth())];
    }),
  );
  RED.httpAdmin.post(
    '/voice-prints/stores/:store/speakers/:speaker',
    write,
    deployed,
    answer(async (req) => {
      const name = (req.body as { name?: unknown } | undefined)?.name;
      if (typeof name !== 'string' || name.trim() === '') throw new VoicePrintsError('INPUT_INVALID', 'give a name');
      return (await speakers(req)).rename(String(req.params.speaker), name.trim());
    }),
  );
  RED.httpAdmin.delete(
    '/voice-prints/stores/:store/speakers/:speaker',
    write,
    deployed,
    answer(async (req) => ({ isDeleted: await (await speakers(req)).delete(String(req.params.speaker)) })),
  );
}

/** The models of a store's folder, where it is deployed and opens; else those of the package. */
async function modelsFor(RED: NodeAPI, store: unknown): Promise<ModelStore> {
  try {
    return await ModelStore.openFor((await storeOf(RED, String(store)).engine()).storeDirectory);
  } catch (error) {
    // A new store, or one that reports its problem at its own node: a dialog still needs its list.
    if (error instanceof VoicePrintsError) return ModelStore.open();
    throw error;
  }
}

const described = ({ id, storedAs, language, dimensions, licence, isBuiltIn }: SpeakerModel) => ({
  id: storedAs ?? id,
  language,
  dimensions,
  licence,
  isBuiltIn,
});

/** Answers 404 where the store of the path is not deployed: the one case in which a dialog shows that a deploy is needed. */
export const deployedOnly =
  (RED: NodeAPI): RequestHandler =>
  (req, res, next) => {
    try {
      storeOf(RED, String(req.params.store));
    } catch (thrown) {
      const { code, message } = asVoicePrintsError(thrown);
      res.status(404).json({ error: { code, message } });
      return;
    }
    next();
  };

/** Not `async` to the outside: a rejected promise in a route would end Node-RED. Data of people and keys is not cached. */
export function answer(work: (req: Request) => Promise<unknown>): RequestHandler {
  return (req: Request, res: Response): void => {
    res.set('Cache-Control', 'no-store');
    work(req).then(
      (body) => res.json(body),
      (thrown: unknown) => {
        const { code, message } = asVoicePrintsError(thrown);
        res.status(STATUS[code] ?? 500).json({ error: { code, message } });
      },
    );
  };
}
