import type { Router } from 'express';
import type { Call, Handler, Surface } from '../calls/call.js';
import { endpoint } from '../calls/endpoint.js';
import { packageVersion } from '../packageVersion.js';
import { problemDialect } from '../refusals/dialect.js';
import { refuseMethod } from '../refusals/refusal.js';

/** Adds `/v1/session`: who the caller is, and what this server does with voices; and `/v1/usage`. */
export function addSessionRoutes(router: Router, surface: Surface): void {
  const show = async ({ tenantId, caller, surface: { engine } }: Call) => ({
    status: 200,
    body: {
      tenantId,
      scopes: caller.scopes,
      strangers: engine.strangers,
      isConsentRequired: engine.isConsentRequired,
      model: engine.model.id,
      version: packageVersion(),
    },
  });
  const usage = async ({ tenantId, surface: { gate } }: Call) => ({ status: 200, body: gate.usage(tenantId) });
  const on = (handler: Handler, isStatus = false) =>
    endpoint(surface, problemDialect, handler, { scope: 'any', isStatus });
  router
    .route('/v1/session')
    .get(on(show, true))
    .all(on(refuseMethod('GET')));
  router
    .route('/v1/usage')
    .get(on(usage, true))
    .all(on(refuseMethod('GET')));
}
