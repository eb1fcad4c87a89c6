import type { Router } from 'express';
import { VoicePrintsError } from '../../core/errors.js';
import type { KeyRecord, KeyRing } from '../access/keyRing.js';
import { readSmallJson } from '../calls/audioInput.js';
import type { Answer, Call, Handler, Surface } from '../calls/call.js';
import { endpoint } from '../calls/endpoint.js';
import { keyBody, oneKey, parseInput } from '../calls/schemas.js';
import { problemDialect } from '../refusals/dialect.js';
import { refuseMethod, refuseRoute } from '../refusals/refusal.js';

/** Adds `/v1/keys…`: the keys of the caller's own tenant that the store keeps. Never a key itself, but for the one just made. */
export function addKeyRoutes(router: Router, surface: Surface, ring: KeyRing | undefined): void {
  if (ring === undefined) return;
  const on = (handler: Handler) => endpoint(surface, problemDialect, handler, { scope: 'admin' });
  router
    .route('/v1/keys')
    .get(on(list(ring)))
    .post(on(create(ring)))
    .all(on(refuseMethod('GET, POST')));
  router
    .route('/v1/keys/:keyId')
    .delete(on(revoke(ring)))
    .all(on(refuseMethod('DELETE')));
  router.use('/v1/keys', on(refuseRoute));
}

const list = (ring: KeyRing) => async (call: Call) => ({
  status: 200,
  body: { keys: ownKeys(ring, call).map((record) => listed(record, call)) },
});

const create =
  (ring: KeyRing) =>
  async (call: Call): Promise<Answer> => {
    const { label, scopes } = parseInput(keyBody, await readSmallJson(call));
    const made = await ring.create({ tenantId: call.tenantId, scopes, label }, call.options.actor.name);
    return { status: 201, body: { key: made.key, record: listed(made.record, call) } };
  };

const revoke =
  (ring: KeyRing) =>
  async (call: Call): Promise<Answer> => {
    const { keyId } = parseInput(oneKey, { ...call.request.params });
    if (!ownKeys(ring, call).some((record) => record.keyId === keyId)) {
      throw new VoicePrintsError('KEY_NOT_FOUND', 'there is no such API key; GET /v1/keys lists them');
    }
    await ring.revoke(keyId, call.options.actor.name);
    return { status: 204 };
  };

const ownKeys = (ring: KeyRing, { tenantId }: Call): readonly KeyRecord[] =>
  ring.list().filter((record) => record.tenantId === tenantId);

function listed({ keyId, label, scopes, createdAt, endsAt, isRevoked }: KeyRecord, { surface, caller }: Call) {
  const lastUsedMs = surface.keys.lastUsedMs(keyId);
  return {
    keyId,
    label,
    scopes,
    createdAt,
    endsAt: endsAt ?? null,
    isRevoked: isRevoked === true,
    /** Since the server started. */
    lastUsedAt: lastUsedMs === undefined ? null : new Date(lastUsedMs).toISOString(),
    isOwn: caller.keyId === keyId,
  };
}
