/**
 * Which job to report, and to which URL. The body is not stored but made from the outcome when it is sent, so that erased
 * data is not sent.
 */
export interface OutgoingMessage {
  readonly tenantId: string;
  readonly requestId: string;
  /** May contain credentials: never shown. */
  readonly url: string;
  /** Of the job. */
  readonly traceparent?: string | undefined;
}

/** A failed attempt. */
export interface FailedAttempt {
  readonly atMs: number;
  /** HTTP status, where there was an answer. */
  readonly httpStatus?: number | undefined;
  /** An ErrorCode, where there was none. */
  readonly code?: string | undefined;
}

export type DeliveryStatus = 'waiting' | 'delivered' | 'dead';

/** A claimed message. */
export interface Delivery extends OutgoingMessage {
  /** The `webhook-id` header: the same in every attempt, so that a receiver recognises a repeated message. */
  readonly webhookId: string;
  readonly status: DeliveryStatus;
  /** Attempts since it was added, or sent again by hand. */
  readonly tries: number;
  readonly nextAtMs: number;
  readonly createdAtMs: number;
  readonly endedAtMs?: number | undefined;
  readonly lastFailure?: FailedAttempt | undefined;
  /** The body of a message added by release 0.1.0. */
  readonly payload?: string | undefined;
}

/**
 * Messages until their receiver answers 2xx. Filled by JobQueue.settle, and emptied by JobQueue.erase. A claimed message
 * without a result (a crash) is claimed again. Every adapter passes test/contract/jobQueue.ts.
 */
export interface WebhookOutbox {
  /** Claims the next due message, with at most `perHost` in flight to one host; undefined when there is none. */
  take(nowMs: number, perHost: number): Promise<Delivery | undefined>;
  /** When the next message is due, of those that become so after `afterMs`; undefined when there is none. Milliseconds since 1970. */
  nextDueMs(afterMs: number): Promise<number | undefined>;
  /** Answered 2xx: not sent again. */
  delivered(webhookId: string): Promise<void>;
  /** Returned after a failure, to be claimed again from `nextAtMs` on. */
  retryLater(webhookId: string, failure: FailedAttempt, nextAtMs: number): Promise<void>;
  /** All attempts failed: kept for inspection, and can be sent again by hand. */
  bury(webhookId: string, failure: FailedAttempt): Promise<void>;
  /** Returned as if it had not been claimed. */
  giveBack(webhookId: string): Promise<void>;
  /** There is nothing left to report: the job was erased. */
  drop(webhookId: string): Promise<void>;
  /** Drops the messages of a tenant that release 0.1.0 added with a body for which `isAbout` returns true. */
  dropOld(tenantId: string, isAbout: (payload: string) => boolean): Promise<void>;
  /** The message about a job. */
  ofJob(tenantId: string, requestId: string): Promise<Delivery | undefined>;
  /** Dead messages, newest first. */
  dead(tenantId: string, limit: number): Promise<readonly Delivery[]>;
  /** Sends a dead message again, with as many attempts as a new one. Undefined: no dead message has this id. */
  resend(tenantId: string, webhookId: string, nowMs: number): Promise<Delivery | undefined>;
  /** Erases messages that ended before; returns how many. */
  expire(endedBeforeMs: { readonly delivered: number; readonly dead: number }): Promise<number>;
}

/** Signing secrets of the webhooks of a tenant. */
export interface WebhookSecrets {
  /** Valid secrets, newest first; empty where the tenant never created one. */
  valid(tenantId: string, nowMs: number): Promise<readonly string[]>;
  /** Adds a new secret in front; earlier ones stay valid until `oldUntilMs`. */
  rotate(tenantId: string, secret: string, oldUntilMs: number): Promise<void>;
}
