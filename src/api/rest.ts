import express from 'express';
import { VoicePrintsError } from '../core/errors.js';
import type { Engine } from '../engine/engine.js';
import type { Jobs } from '../engine/jobs/jobs.js';
import type { ApiKeys } from './access/apiKeys.js';
import { KeyThrottle } from './access/keyThrottle.js';
import { Slots } from './access/slots.js';
import { TenantGate } from './access/tenantGate.js';
import type { TrustedIngress } from './access/trustedIngress.js';
import type { TrustedProxies } from './access/trustedProxies.js';
import type { Answer, FailureReport, RestLimits, Surface } from './calls/call.js';
import type { CallReport } from './calls/callReport.js';
import { endpoint, writeJson, writeRefusal } from './calls/endpoint.js';
import { reportToStderr } from './calls/failureReport.js';
import { FETCH_DEFAULTS } from './calls/fetchAudio.js';
import { addAsyncRoutes } from './deepaffects/asyncRoutes.js';
import { addContractRoutes } from './deepaffects/contractRoutes.js';
import { Metrics } from './metrics.js';
import { openApiDocument } from './openapi/document.js';
import { faultDialect, problemDialect } from './refusals/dialect.js';
import { refusalOf } from './refusals/refusal.js';
import { addJobRoutes } from './v1/asyncModernRoutes.js';
import { addModernRoutes } from './v1/modernRoutes.js';

export const REST_LIMITS: RestLimits = {
  maxBodyBytes: 64 * 2 ** 20,
  bodyTimeoutMs: 120_000,
  maxIdentifyMs: 120_000,
  maxEnrollMs: 600_000,
  maxDecodeMs: 120_000,
  maxConcurrent: 8,
  maxArrivals: 64,
  maxHeldBytes: 512 * 2 ** 20,
  maxWrongKeysPerMinute: 100,
};

export interface RestOptions {
  readonly limits?: Partial<RestLimits>;
  /** Hosts (`name` or `name:port`) in private networks from which a `url` may be fetched; none by default. */
  readonly allowHosts?: readonly string[];
  /** Receives every internal fault; by default one line and the stack are written to stderr. */
  readonly onFailure?: (failure: FailureReport) => void;
  /** Called at the end of every call. */
  readonly onCall?: (report: CallReport) => void;
}

export interface RestRouterOptions {
  readonly engine: Engine;
  /** Required: every call needs a key. */
  readonly keys: ApiKeys;
  /** Enforces the limits of tenants; no limits without it. */
  readonly gate?: TenantGate | undefined;
  /** The jobs of the engine's store (see AsyncJobs); without them there are no asynchronous calls. */
  readonly jobs?: (() => Promise<Jobs>) | undefined;
  readonly options?: RestOptions;
  /** Wrong keys are counted together with those of other surfaces that share it. */
  readonly throttle?: KeyThrottle;
  /** Proxies trusted to name the client's address; none by default. */
  readonly proxies?: TrustedProxies | undefined;
  /** Gateway whose users need no key; none by default. */
  readonly ingress?: TrustedIngress | undefined;
}

/** Base path of the DeepAffects calls. */
const CONTRACT_PREFIX = '/audio/generic/api';

/**
 * The REST surface as one Express handler: below `/audio/generic/api`, `/v1/speakers`, `/v1/identify`, `/v1/jobs`, `/v1/webhooks`, `/metrics`;
 * everything else is passed to `next`. Works in Express 4 (Node-RED) and Express 5, behind other body parsers or none.
 */
export function createRestRouter({ engine, keys, jobs, options = {}, ...shared }: RestRouterOptions): express.Router {
  const limits = { ...REST_LIMITS, ...options.limits };
  const metrics = new Metrics();
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
    throttle: shared.throttle ?? new KeyThrottle(limits.maxWrongKeysPerMinute),
    gate: shared.gate ?? new TenantGate(),
    report: options.onFailure ?? reportToStderr,
    observe: (report) => {
      metrics.observe(report);
      options.onCall?.(report);
    },
  };
  const router = express.Router();
  router.get('/metrics', endpoint(surface, problemDialect, metricsAnswer(metrics), { scope: 'admin' }));
  const document = openApiDocument();
  // Public: a client may read the description before it has a key.
  router.get('/v1/openapi.json', (_request, response) => writeJson(response, 200, document));
  const contract = express.Router();
  addAsyncRoutes(contract, surface);
  addContractRoutes(contract, surface);
  router.use(CONTRACT_PREFIX, contract);
  addJobRoutes(router, surface);
  addModernRoutes(router, surface);
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
