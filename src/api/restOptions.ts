import type { Engine } from '../engine/engine.js';
import type { Jobs } from '../engine/jobs/jobs.js';
import type { SourceStatus } from '../sources/sourceStatus.js';
import type { Tracing } from '../tracing/tracing.js';
import type { ApiKeys } from './access/apiKeys.js';
import type { KeyRing } from './access/keyRing.js';
import type { KeyThrottle } from './access/keyThrottle.js';
import type { TenantGate } from './access/tenantGate.js';
import type { SignedInUsers } from './access/trustedIngress.js';
import type { TrustedProxies } from './access/trustedProxies.js';
import type { FailureReport, RestLimits } from './calls/call.js';
import type { CallReport } from './calls/callReport.js';
import type { Measures } from './measures.js';

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

/** A source that the server, or another process that shares its database, listens to. */
export interface SourceReport extends SourceStatus {
  /** Who is present at its site; undefined where another process knows. */
  readonly present?: string;
}

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
  /** False: only `/metrics` is answered, of a process with another role. */
  readonly isAnswering?: boolean;
  readonly engine: Engine;
  /** Required: every call needs a key. */
  readonly keys: ApiKeys;
  /** Keys that admins of a tenant may list, create and revoke over REST; without it they cannot. */
  readonly ring?: KeyRing | undefined;
  /** Enforces the limits of tenants; no limits without it. */
  readonly gate?: TenantGate | undefined;
  /** The jobs of the engine's store (see AsyncJobs); without them there are no asynchronous calls. */
  readonly jobs?: (() => Promise<Jobs>) | undefined;
  readonly options?: RestOptions;
  /** Wrong keys are counted together with those of other surfaces that share it. */
  readonly throttle?: KeyThrottle;
  /** Proxies trusted to name the client's address; none by default. */
  readonly proxies?: TrustedProxies | undefined;
  /** Sources that the process listens to by itself; none by default. */
  readonly sources?: (() => readonly SourceReport[] | Promise<readonly SourceReport[]>) | undefined;
  /** Metrics that are counted elsewhere. */
  readonly measures?: Measures | undefined;
  /** Gateway whose users need no key; none by default. */
  readonly ingress?: SignedInUsers | undefined;
  /** Nothing is traced by default; see openTracing. */
  readonly tracing?: Tracing | undefined;
}
