import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Router } from 'express';
import { problemDialect } from '../refusals/dialect.js';
import { refusalOf, refuseMethod } from '../refusals/refusal.js';
import { writeRefusal } from './endpoint.js';

/** Adds a path that is only read, and by anybody, without a key. */
export function addOpenPage(
  router: Router,
  path: string,
  read: (request: IncomingMessage, response: ServerResponse) => void,
): void {
  router
    .route(path)
    .get((request, response) => read(request, response))
    .all((_request, response) => {
      refuseMethod('GET')().catch((error: unknown) => writeRefusal(response, problemDialect, refusalOf(error)));
    });
}
