import type { Request, RequestHandler } from 'express';
import type { NodeAPI } from 'node-red';
import { z } from 'zod';
import { TENANT } from '../../src/api/access/apiKeys.js';
import { SCOPES } from '../../src/api/access/caller.js';
import { LONGEST_LABEL } from '../../src/api/access/keyFile.js';
import type { KeyRecord, MadeKey } from '../../src/api/access/keyRing.js';
import { inputProblems } from '../../src/core/inputProblems.js';
import { LOCAL_TENANT, VoicePrintsError } from '../../src/index.js';
import { answer, deployedOnly } from './adminRoutes.js';
import type { StoreKeys } from './storeKeys.js';
import { storeOf } from './storeOf.js';

const newKey = z.strictObject({
  tenantId: z.string().regex(TENANT).default(LOCAL_TENANT),
  label: z.string().trim().max(LONGEST_LABEL).default(''),
  scopes: z.array(z.enum(SCOPES)).min(1),
});

const rotation = z.strictObject({ graceHours: z.number().min(0).max(8_760) });

/**
 * Routes for the keys of other programs in the dialog of a store. Every change takes effect at once, on all surfaces of the
 * store as it was deployed, and on those of a server that runs beside Node-RED within a second.
 */
export function registerKeyRoutes(RED: NodeAPI): void {
  const read = RED.auth.needsPermission('speaker-store.read') as RequestHandler;
  const write = RED.auth.needsPermission('speaker-store.write') as RequestHandler;
  const deployed = deployedOnly(RED);
  const keysOf = (req: Request): StoreKeys => storeOf(RED, String(req.params.store)).keys();

  RED.httpAdmin.get(
    '/voice-prints/stores/:store/keys',
    read,
    deployed,
    answer(async (req) => {
      const keys = keysOf(req);
      return (await keys.ring()).list().map((record) => listed(keys, record));
    }),
  );
  RED.httpAdmin.post(
    '/voice-prints/stores/:store/keys',
    write,
    deployed,
    answer(async (req) => {
      const request = bodyOf(newKey, req);
      return shownOnce(await (await keysOf(req).ring()).create(request));
    }),
  );
  RED.httpAdmin.post(
    '/voice-prints/stores/:store/keys/:key/rotate',
    write,
    deployed,
    answer(async (req) => {
      const { graceHours } = bodyOf(rotation, req);
      return shownOnce(await (await keysOf(req).ring()).rotate(String(req.params.key), graceHours * 3_600_000));
    }),
  );
  RED.httpAdmin.delete(
    '/voice-prints/stores/:store/keys/:key',
    write,
    deployed,
    answer(async (req) => (await keysOf(req).ring()).revoke(String(req.params.key))),
  );
}

const shownOnce = ({ record, key }: MadeKey) => ({ ...record, apiKey: key });

function listed({ check }: StoreKeys, record: KeyRecord) {
  const usedMs = check.keys.lastUsedMs(record.keyId);
  const isOver = record.endsAt !== undefined && Date.parse(record.endsAt) <= Date.now();
  const hasEnded = record.isRevoked === true || isOver;
  return { ...record, hasEnded, ...(usedMs === undefined ? {} : { lastUsedAt: new Date(usedMs).toISOString() }) };
}

/** Throws INPUT_INVALID. */
function bodyOf<S extends z.ZodType>(schema: S, { body }: Request): z.output<S> {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  throw new VoicePrintsError('INPUT_INVALID', `${inputProblems(parsed.error)}; correct it`);
}
