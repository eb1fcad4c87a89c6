import express from 'express';
import { VoicePrintsError } from '../core/errors.js';
import { NO_TRACING } from '../tracing/tracing.js';
import { KeyThrottle } from './access/keyThrottle.js';
import { Slots } from './access/slots.js';
import { TenantGate } from './access/tenantGate.js';
import type { Answer, Handler, Surface } from './calls/call.js';
import { endpoint, writeJson, writeRefusal } from './calls/endpoint.js';
import { reportToStderr } from './calls/failureReport.js';
import { FETCH_DEFAULTS } from './calls/fetchAudio.js';
import { addOpenPage } from './calls/openPage.js';
import { addAsyncRoutes } from './deepaffects/jobRoutes.js';
import { addDeepaffectsRoutes } from './deepaffects/syncRoutes.js';
import { Metrics } from './metrics.js';
import { openApiDocument } from './openapi/document.js';
import { faultDialect, problemDialect } from './refusals/dialect.js';
import { refusalOf, refuseMethod } from './refusals/refusal.js';
import { REST_LIMITS, type RestRouterOptions } from './restOptions.js';
import { addFeedbackRoutes } from './v1/feedbackRoutes.js';
import { addJobRoutes } from './v1/jobRoutes.js';
import { addKeyRoutes } from './v1/keyRoutes.js';
import { addPeopleRoutes } from './v1/peopleRoutes.js';
import { addSessionRoutes } from './v1/sessionRoutes.js';
import { addSourceRoutes } from './v1/sourceRoutes.js';
import { addV1Routes } from './v1/syncRoutes.js';

/** Base path of the DeepAffects calls. */
const CONTRACT_PREFIX = '/audio/generic/api';

/**
 * The REST surface as one Express handler: below `/audio/generic/api`, `/v1/speakers`, `/v1/identify`, `/v1/turns`, `/v1/feedback`, `/v1/jobs`, `/v1/webhooks`, `/metrics`;
 * everything else is passed to `next`. Works in Express 4 (Node-RED) and Express 5, behind other body parsers or none.
 */
export function createRestRouter({ engine, keys, jobs, options = {}, ...shared }: RestRouterOptions): express.Router {
  const limits = { ...REST_LIMITS, ...options.limits };
  const metrics = new Metrics(shared.measures);
  const isShared = () => keys.hasSeveralTenants;
  const surface: Surface = {
    engine,
    keys,
    limits,
    fetch: { ...FETCH_DEFAULTS, allowHosts: options.allowHosts ?? [], maxBytes: limits.maxBodyBytes },
    slots: new Slots({ most: limits.maxConcurrent, isShared }),
    arrivals: new Slots({ most: limits.maxArrivals, isShared }),
    heldBytes: new Slots({ most: limits.maxHeldBytes, isShared }),
    jobs,
    proxies: shared.proxies,
    ingress: shared.ingress,
    tracing: shared.tracing ?? NO_TRACING,
    throttle: shared.throttle ?? new KeyThrottle(limits.maxWrongKeysPerMinute),
    gate: shared.gate ?? new TenantGate(),
    report: options.onFailure ?? reportToStderr,
    observe: (report) => {
      metrics.observe(report);
      options.onCall?.(report);
    },
  };
  const router = express.Router();
  const measuring = (handler: Handler) =>
    endpoint(surface, problemDialect, handler, { scope: 'admin', isStatus: true });
  router
    .route('/metrics')
    .get(measuring(metricsAnswer(metrics)))
    .all(measuring(refuseMethod('GET')));
  if (shared.isAnswering === false) return router;
  const document = openApiDocument();
  // Public: a client may read the description before it has a key.
  addOpenPage(router, '/v1/openapi.json', (_request, response) => writeJson(response, 200, document));
  const contract = express.Router();
  addAsyncRoutes(contract, surface);
  addDeepaffectsRoutes(contract, surface);
  router.use(CONTRACT_PREFIX, contract);
  addJobRoutes(router, surface);
  addFeedbackRoutes(router, surface);
  addPeopleRoutes(router, surface);
  addV1Routes(router, surface);
  addSessionRoutes(router, surface);
  addKeyRoutes(router, surface, shared.ring);
  addSourceRoutes(router, surface, shared.sources ?? (() => []));
  router.use(refuseBadPath);
  return router;
}

const metricsAnswer = (metrics: Metrics) => async (): Promise<Answer> => ({
  status: 200,
  text: { contentType: metrics.contentType, content: await metrics.text() },
});

/** Paths that do not percent-decode never reach an endpoint. */
const refuseBadPath: express.ErrorRequestHandler = (_error, request, response, _next) => {
  const dialect = request.url.includes(CONTRACT_PREFIX) ? faultDialect : problemDialect;
  writeRefusal(
    response,
    dialect,
    refusalOf(new VoicePrintsError('INPUT_INVALID', 'the path cannot be read; check it')),
  );
};
