/**
 * Which job is to be told about, and where. Never what is told: the body is made from the outcome when it is sent, so that
 * what is erased there is sent no more.
 */
export interface OutgoingMessage {
  readonly tenantId: string;
  readonly requestId: string;
  /** May carry credentials: never shown. */
  readonly url: string;
}

/** One attempt that failed. */
export interface FailedAttempt {
  readonly atMs: number;
  /** HTTP status, where there was an answer. */
  readonly httpStatus?: number | undefined;
  /** An ErrorCode, where there was none. */
  readonly code?: string | undefined;
}

export type DeliveryStatus = 'waiting' | 'delivered' | 'dead';

/** A message on its way. */
export interface Delivery extends OutgoingMessage {
  /** The `webhook-id` header: the same in every attempt, so that a receiver knows a repeated message. */
  readonly webhookId: string;
  readonly status: DeliveryStatus;
  /** Attempts since it was put in, or sent again by hand. */
  readonly tries: number;
  readonly nextAtMs: number;
  readonly createdAtMs: number;
  readonly endedAtMs?: number | undefined;
  readonly lastFailure?: FailedAttempt | undefined;
  /** The body, of a message that release 0.1.0 put in. */
  readonly payload?: string | undefined;
}

/**
 * Messages until somebody has answered them 2xx. Filled by JobQueue.settle, and emptied by JobQueue.erase. What was taken and never told about (a
 * crash) is taken again. Every adapter passes test/contract/webhookOutbox.ts.
 */
export interface WebhookOutbox {
  /** The next message that is due, with at most `perHost` under way to one host; undefined when there is none. */
  take(nowMs: number, perHost: number): Promise<Delivery | undefined>;
  /** When the next one not under way is due; undefined when none waits. Milliseconds since 1970. */
  nextDueMs(): number | undefined;
  /** Answered 2xx: not sent again. */
  delivered(webhookId: string): Promise<void>;
  /** Back, to be taken again from `nextAtMs` on. */
  retryLater(webhookId: string, failure: FailedAttempt, nextAtMs: number): Promise<void>;
  /** Nobody answered 2xx: kept to be seen, and sent again by hand. */
  bury(webhookId: string, failure: FailedAttempt): Promise<void>;
  /** Back as if it had not been taken. */
  giveBack(webhookId: string): Promise<void>;
  /** There is nothing left to tell: the job was erased. */
  drop(webhookId: string): Promise<void>;
  /** Drops the messages of a tenant that release 0.1.0 put in with a body about which `isAbout` says so. */
  dropOld(tenantId: string, isAbout: (payload: string) => boolean): Promise<void>;
  /** The message about a job. */
  ofJob(tenantId: string, requestId: string): Promise<Delivery | undefined>;
  /** Dead ones, newest first. */
  dead(tenantId: string, limit: number): Promise<readonly Delivery[]>;
  /** Sends a dead one again, as often as a new one. Undefined: no dead one has this id. */
  resend(tenantId: string, webhookId: string, nowMs: number): Promise<Delivery | undefined>;
  /** Forgets those that ended before; returns how many. */
  expire(endedBeforeMs: { readonly delivered: number; readonly dead: number }): Promise<number>;
}

/** What webhooks of a tenant are signed with. */
export interface WebhookSecrets {
  /** Those that are valid, newest first; empty where the tenant never made one. */
  valid(tenantId: string, nowMs: number): Promise<readonly string[]>;
  /** Puts a new one in front; those before it stay valid until `oldUntilMs`. */
  rotate(tenantId: string, secret: string, oldUntilMs: number): Promise<void>;
}
