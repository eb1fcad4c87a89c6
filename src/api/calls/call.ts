import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Actor } from '../../core/audit.js';
import type { CallOptions, Engine } from '../../engine/engine.js';
import type { Jobs } from '../../engine/jobs/jobs.js';
import type { ApiKeys } from '../access/apiKeys.js';
import type { Caller } from '../access/caller.js';
import type { KeyThrottle } from '../access/keyThrottle.js';
import type { Slots } from '../access/slots.js';
import type { TenantGate } from '../access/tenantGate.js';
import type { TrustedProxies } from '../access/trustedProxies.js';
import type { CallReport } from './callReport.js';
import type { FetchAudioOptions } from './fetchAudio.js';

/** Caps on one call. */
export interface RestLimits {
  /** Largest body, and largest file behind a `url`. */
  readonly maxBodyBytes: number;
  /** A body that has not arrived whole by then is given up. */
  readonly bodyTimeoutMs: number;
  /** Longest recording for identification: the contract's two minutes. */
  readonly maxIdentifyMs: number;
  /** Longest enrolment sample. */
  readonly maxEnrollMs: number;
  /** Longest time a decoder may take. */
  readonly maxDecodeMs: number;
  /** Calls with audio in work at once; more are answered 429. Where there are several tenants, one has half of them at most. */
  readonly maxConcurrent: number;
  /** Calls with audio at once, those whose body is still coming among them; a tenant's share as above. */
  readonly maxArrivals: number;
  /** Bytes of bodies held at once; a tenant's share as above. */
  readonly maxHeldBytes: number;
  /** Wrong keys a minute from one address, before it must wait. */
  readonly maxWrongKeysPerMinute: number;
}

/** A fault of ours, for the operator's log: no query, no body, no names. */
export interface FailureReport {
  readonly requestId: string;
  readonly code: string;
  readonly error: unknown;
}

/** What all endpoints of one router share. */
export interface Surface {
  readonly engine: Engine;
  readonly keys: ApiKeys;
  readonly limits: RestLimits;
  readonly fetch: FetchAudioOptions;
  /** Calls with audio that the engine works on. */
  readonly slots: Slots;
  /** Calls with audio, from their first byte on: they may be waiting for the client. */
  readonly arrivals: Slots;
  /** Bytes of bodies held in memory. */
  readonly heldBytes: Slots;
  /** Undefined where there are no asynchronous calls. */
  readonly jobs: (() => Promise<Jobs>) | undefined;
  readonly throttle: KeyThrottle;
  readonly proxies: TrustedProxies | undefined;
  readonly gate: TenantGate;
  report(failure: FailureReport): void;
  /** Told of every call once it is over. */
  observe(report: CallReport): void;
}

/** `body` and `params` are there when a parser or a router ran before. */
export type ApiRequest = IncomingMessage & { body?: unknown; params?: Readonly<Record<string, string | undefined>> };

/** One authenticated call. */
export interface Call {
  readonly surface: Surface;
  readonly tenantId: string;
  /** Which of the tenant's keys it came with, and what that may do. */
  readonly caller: Caller;
  readonly request: ApiRequest;
  readonly response: ServerResponse;
  /** First value of each query parameter, without the key. */
  readonly query: Readonly<Record<string, string>>;
  /** Aborted when the client is gone or its body does not arrive in time. */
  readonly signal: AbortSignal;
  /** Counts bytes that are kept until the call is over. Throws TOO_MANY_REQUESTS where more is held than may be. */
  hold(bytes: number): void;
  /** Takes a place among the calls in work until the call is over: to be called once everything the engine needs is there. Throws TOO_MANY_REQUESTS. */
  startWork(): void;
  /** For calls of the engine: the signal, a counter of the audio worked on, and who asks. */
  readonly options: CallOptions & { readonly actor: Actor };
}

export interface Answer {
  readonly status: number;
  /** Undefined: no body (204). */
  readonly body?: unknown;
  /** Instead of `body`: what is no JSON. */
  readonly text?: TextBody;
}

export interface TextBody {
  readonly contentType: string;
  readonly content: string;
}

export type Handler = (call: Call) => Promise<Answer>;
