import type { Router } from 'express';
import { LOCAL_TENANT } from '../../engine/requests/callOptions.js';
import type { Call, Surface } from '../calls/call.js';
import { endpoint } from '../calls/endpoint.js';
import { problemDialect } from '../refusals/dialect.js';
import { refuseMethod } from '../refusals/refusal.js';
import type { SourceReport } from '../restOptions.js';

/** Adds `/v1/sources`. Sources belong to the tenant of the command line: others see none. */
export function addSourceRoutes(
  router: Router,
  surface: Surface,
  sources: () => readonly SourceReport[] | Promise<readonly SourceReport[]>,
): void {
  const list = async ({ tenantId }: Call) => ({
    status: 200,
    body: { sources: tenantId === LOCAL_TENANT ? await sources() : [] },
  });
  router
    .route('/v1/sources')
    .get(endpoint(surface, problemDialect, list, { scope: 'identify', isStatus: true }))
    .all(endpoint(surface, problemDialect, refuseMethod('GET'), { scope: 'identify' }));
}
