import { setTimeout as delay } from 'node:timers/promises';
import { asVoicePrintsError } from '../../core/errors.js';
import { NO_TRACING, type Span, type Tracing } from '../../tracing/tracing.js';
import { retryWaitMs } from '../retryWait.js';
import { WakeUp } from '../wakeUp.js';
import type { Delivery, FailedAttempt, WebhookOutbox, WebhookSecrets } from './webhookOutbox.js';
import { webhookHeaders } from './webhookSignature.js';

/** Sends one body and returns the HTTP status. Throws VoicePrintsError URL_*, or ABORTED. */
export type Post = (
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<number>;

export interface WebhookSenderOptions {
  readonly outbox: WebhookOutbox;
  readonly secrets: WebhookSecrets;
  readonly post: Post;
  /** The body of a message, made for each attempt; undefined where there is nothing left to report. */
  readonly bodyOf: (delivery: Delivery) => Promise<string | undefined>;
  /** Attempts per message. */
  readonly maxTries: number;
  /** Wait before the second attempt; further waits grow as in retryWait.ts. */
  readonly retryMs: number;
  /** In flight at once, in total and per host. */
  readonly concurrency: number;
  readonly perHost: number;
  readonly nowMs: () => number;
  readonly onFault: (fault: { readonly code: string; readonly error: unknown }) => void;
  /** How long `stop` waits for answers before it aborts; unanswered messages are sent again after the next start. */
  readonly graceMs: number;
  /** Nothing is traced by default. */
  readonly tracing?: Tracing | undefined;
}

interface Message {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Undefined: the message arrived. */
type Attempted = Omit<FailedAttempt, 'atMs'> | 'stopped' | undefined;

const AFTER_FAULT_MS = 5_000;

/** Sends the messages of an outbox until the receiver answers 2xx or the attempts are exhausted. */
export class WebhookSender {
  readonly #options: WebhookSenderOptions;
  readonly #wakeUp: WakeUp;
  readonly #stop = new AbortController();
  readonly #stopping = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  /** Attempts in flight, by the id of their message. */
  readonly #attempts = new Map<string, AbortController>();
  #isStopped = false;

  constructor(options: WebhookSenderOptions) {
    this.#options = options;
    const onError = (error: unknown) => options.onFault({ code: asVoicePrintsError(error).code, error });
    this.#wakeUp = new WakeUp(() => this.#fill(), options.nowMs, onError);
  }

  /** Looks for due messages now. */
  wake(): void {
    this.#wakeUp.wake();
  }

  /** Aborts the attempt at a message whose body has changed; it is tried again if it still exists. */
  interrupt(webhookId: string): void {
    this.#attempts.get(webhookId)?.abort();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopping.abort();
    await this.#wakeUp.stop();
    const hangUp = setTimeout(() => this.#stop.abort(), this.#options.graceMs);
    await Promise.all(this.#inFlight);
    clearTimeout(hangUp);
  }

  async #fill(): Promise<number | undefined> {
    const { outbox, concurrency, perHost, nowMs } = this.#options;
    while (!this.#isStopped && this.#inFlight.size < concurrency) {
      const atMs = nowMs();
      const delivery = await outbox.take(atMs, perHost);
      // A message held back by `perHost` is looked at when an attempt at that host ends.
      if (delivery === undefined) return outbox.nextDueMs(atMs);
      const attempt = this.#send(delivery)
        .catch((error: unknown) => {
          this.#options.onFault({ code: asVoicePrintsError(error).code, error });
          this.#giveBackLater(delivery.webhookId);
        })
        .finally(() => {
          this.#inFlight.delete(attempt);
          this.wake();
        });
      this.#inFlight.add(attempt);
    }
    return undefined; // the end of an attempt calls wake()
  }

  async #send(delivery: Delivery): Promise<void> {
    const { outbox, secrets, bodyOf, maxTries, retryMs, nowMs } = this.#options;
    const { webhookId, tenantId } = delivery;
    const atMs = nowMs();
    const valid = await secrets.valid(tenantId, atMs);
    const interrupted = new AbortController();
    this.#attempts.set(webhookId, interrupted); // before the body is made: any later change of it interrupts the attempt
    try {
      const body = await bodyOf(delivery);
      if (body === undefined) return await this.#noted(() => outbox.drop(webhookId));
      const headers = webhookHeaders(webhookId, body, { secrets: valid, atMs });
      const signal = AbortSignal.any([this.#stop.signal, interrupted.signal]);
      const failure = await this.#traced(delivery, { body, headers }, signal);
      if (failure === 'stopped') return await outbox.giveBack(webhookId);
      if (failure === undefined) return await this.#noted(() => outbox.delivered(webhookId));
      const failed: FailedAttempt = { ...failure, atMs };
      const tries = delivery.tries + 1;
      if (tries >= maxTries) return await this.#noted(() => outbox.bury(webhookId, failed));
      await this.#noted(() => outbox.retryLater(webhookId, failed, nowMs() + retryWaitMs(tries, retryMs)));
    } finally {
      this.#attempts.delete(webhookId);
    }
  }

  /** Writes the result of an attempt, however long the store is unavailable, rather than send the message again. */
  async #noted(write: () => Promise<void>): Promise<void> {
    for (let isReported = false; ; isReported = true) {
      try {
        return await write();
      } catch (error) {
        const { code } = asVoicePrintsError(error);
        if (this.#isStopped || code !== 'REGISTRY_UNAVAILABLE') throw error;
        if (!isReported) this.#options.onFault({ code, error });
        await delay(AFTER_FAULT_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      }
    }
  }

  /** Waits after a fault of the store, which would recur at once. */
  #giveBackLater(webhookId: string): void {
    const again = setTimeout(() => {
      void this.#options.outbox.giveBack(webhookId).then(() => this.wake());
    }, AFTER_FAULT_MS);
    again.unref();
  }

  /** The receiver may continue the trace of the job. */
  async #traced(
    { url, tries, traceparent: parent }: Delivery,
    message: Message,
    signal: AbortSignal,
  ): Promise<Attempted> {
    const { tracing = NO_TRACING } = this.#options;
    const facts = { 'http.request.method': 'POST', 'voice_prints.webhook.tries': tries + 1 };
    const span = tracing.start('webhook', { kind: 'client', parent, joins: false, facts });
    const { traceparent } = span;
    const headers = { ...message.headers, ...(traceparent !== undefined && { traceparent }) };
    try {
      return await span.within(() => this.#attempt(url, { ...message, headers }, { signal, span }));
    } finally {
      span.end();
    }
  }

  async #attempt(
    url: string,
    { body, headers }: Message,
    { signal, span }: { readonly signal: AbortSignal; readonly span: Span },
  ): Promise<Attempted> {
    try {
      const httpStatus = await this.#options.post(url, body, headers, signal);
      span.set({ 'http.response.status_code': httpStatus });
      if (httpStatus >= 400) span.fail(String(httpStatus));
      return httpStatus >= 200 && httpStatus < 300 ? undefined : { httpStatus };
    } catch (error) {
      if (signal.aborted) return 'stopped';
      const { code } = asVoicePrintsError(error);
      span.fail(code);
      return { code };
    }
  }
}
