import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Actor } from '../../core/audit.js';
import type { Engine } from '../../engine/engine.js';
import type { Jobs } from '../../engine/jobs/jobs.js';
import type { CallOptions } from '../../engine/requests/callOptions.js';
import type { Tracing } from '../../tracing/tracing.js';
import type { ApiKeys } from '../access/apiKeys.js';
import type { Caller } from '../access/caller.js';
import type { KeyThrottle } from '../access/keyThrottle.js';
import type { Slots } from '../access/slots.js';
import type { TenantGate } from '../access/tenantGate.js';
import type { SignedInUsers } from '../access/trustedIngress.js';
import type { TrustedProxies } from '../access/trustedProxies.js';
import type { CallReport } from './callReport.js';
import type { FetchAudioOptions } from './fetchAudio.js';

/** Limits on one call. */
export interface RestLimits {
  /** Largest body, and largest file at a `url`. */
  readonly maxBodyBytes: number;
  /** Time limit for receiving a body. */
  readonly bodyTimeoutMs: number;
  /** Longest recording for identification: two minutes in the DeepAffects API. */
  readonly maxIdentifyMs: number;
  /** Longest enrolment sample. */
  readonly maxEnrollMs: number;
  /** Longest time a decoder may take. */
  readonly maxDecodeMs: number;
  /** Calls with audio processed at once; more are answered 429. Where there are several tenants, one gets half of them at most. */
  readonly maxConcurrent: number;
  /** Calls with audio at once, including those whose body is still being received; a tenant's share as above. */
  readonly maxArrivals: number;
  /** Bytes of bodies held at once; a tenant's share as above. */
  readonly maxHeldBytes: number;
  /** Wrong keys per minute from one address, before it must wait. */
  readonly maxWrongKeysPerMinute: number;
}

/** An internal fault, for the operator's log: no query, no body, no names. */
export interface FailureReport {
  readonly requestId: string;
  readonly code: string;
  readonly error: unknown;
}

/** Shared by all endpoints of one router. */
export interface Surface {
  readonly engine: Engine;
  readonly keys: ApiKeys;
  readonly limits: RestLimits;
  readonly fetch: FetchAudioOptions;
  /** Calls with audio that the engine is processing. */
  readonly slots: Slots;
  /** Calls with audio, from their first byte on, including those waiting for the client. */
  readonly arrivals: Slots;
  /** Bytes of bodies held in memory. */
  readonly heldBytes: Slots;
  /** Undefined where there are no asynchronous calls. */
  readonly jobs: (() => Promise<Jobs>) | undefined;
  readonly throttle: KeyThrottle;
  readonly proxies: TrustedProxies | undefined;
  readonly ingress: SignedInUsers | undefined;
  readonly gate: TenantGate;
  readonly tracing: Tracing;
  report(failure: FailureReport): void;
  /** Called at the end of every call. */
  observe(report: CallReport): void;
}

/** `body` and `params` are present when a body parser or a router ran before. */
export type ApiRequest = IncomingMessage & { body?: unknown; params?: Readonly<Record<string, string | undefined>> };

/** One authenticated call. */
export interface Call {
  readonly surface: Surface;
  readonly tenantId: string;
  /** The tenant's key, or the user of a trusted ingress, that authenticated it, and its scopes. */
  readonly caller: Caller;
  readonly request: ApiRequest;
  readonly response: ServerResponse;
  /** First value of each query parameter, without the key. */
  readonly query: Readonly<Record<string, string>>;
  /** Aborted when the client disconnects or its body does not arrive in time. */
  readonly signal: AbortSignal;
  /** Reserves bytes of memory until the end of the call. Throws TOO_MANY_REQUESTS beyond the limit. */
  hold(bytes: number): void;
  /** Reserves a processing slot until the end of the call: to be called once all input has arrived. Throws TOO_MANY_REQUESTS. */
  startWork(): void;
  /** The audio of this call does not count towards the tenant's minutes. */
  countNoMinutes(): void;
  /** For calls of the engine: the signal, a counter of the audio processed, and the caller. */
  readonly options: CallOptions & { readonly actor: Actor };
}

export interface Answer {
  readonly status: number;
  /** Undefined: no body (204). */
  readonly body?: unknown;
  /** Instead of `body`: content other than JSON. */
  readonly text?: TextBody;
}

export interface TextBody {
  readonly contentType: string;
  readonly content: string;
}

export type Handler = (call: Call) => Promise<Answer>;
