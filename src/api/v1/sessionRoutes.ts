import type { Router } from 'express';
import type { Call, Surface } from '../calls/call.js';
import { endpoint } from '../calls/endpoint.js';
import { packageVersion } from '../packageVersion.js';
import { problemDialect } from '../refusals/dialect.js';
import { refuseMethod } from '../refusals/refusal.js';

/** Adds `/v1/session`: who the caller is, and what this server does with voices. */
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
  router
    .route('/v1/session')
    .get(endpoint(surface, problemDialect, show, { scope: 'any' }))
    .all(endpoint(surface, problemDialect, refuseMethod('GET'), { scope: 'any' }));
}
