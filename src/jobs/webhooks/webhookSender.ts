import { asVoicePrintsError } from '../../core/errors.js';
import { inFuture, WakeUp } from '../wakeUp.js';
import { backoffMs } from './backoff.js';
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
  /** Attempts at one message. */
  readonly maxTries: number;
  /** Before the second attempt; each further one waits four times as long. */
  readonly retryMs: number;
  /** Under way at once, in all and to one host. */
  readonly concurrency: number;
  readonly perHost: number;
  readonly nowMs: () => number;
  readonly onFault: (fault: { readonly code: string; readonly error: unknown }) => void;
  /** How long `stop` waits for answers before it hangs up; what was not answered is sent again after the next start. */
  readonly graceMs: number;
}

const AFTER_FAULT_MS = 5_000;

/** Takes messages from an outbox and sends them until somebody answers 2xx, or the tries are over. */
export class WebhookSender {
  readonly #options: WebhookSenderOptions;
  readonly #wakeUp: WakeUp;
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  #isStopped = false;

  constructor(options: WebhookSenderOptions) {
    this.#options = options;
    const onError = (error: unknown) => options.onFault({ code: asVoicePrintsError(error).code, error });
    this.#wakeUp = new WakeUp(() => this.#fill(), options.nowMs, onError);
  }

  /** There may be something to send. */
  wake(): void {
    this.#wakeUp.wake();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#wakeUp.stop();
    const hangUp = setTimeout(() => this.#stop.abort(), this.#options.graceMs);
    await Promise.all(this.#underWay);
    clearTimeout(hangUp);
  }

  async #fill(): Promise<number | undefined> {
    const { outbox, concurrency, perHost, nowMs } = this.#options;
    while (!this.#isStopped && this.#underWay.size < concurrency) {
      const atMs = nowMs();
      const delivery = await outbox.take(atMs, perHost);
      // What is due but held back by `perHost` is looked at when one of that host ends.
      if (delivery === undefined) return inFuture(outbox.nextDueMs(), atMs);
      const attempt = this.#send(delivery)
        .catch((error: unknown) => {
          this.#options.onFault({ code: asVoicePrintsError(error).code, error });
          this.#giveBackLater(delivery.webhookId);
        })
        .finally(() => {
          this.#underWay.delete(attempt);
          this.wake();
        });
      this.#underWay.add(attempt);
    }
    return undefined; // the end of one wakes
  }

  async #send(delivery: Delivery): Promise<void> {
    const { outbox, secrets, maxTries, retryMs, nowMs } = this.#options;
    const { webhookId, tenantId, payload, url } = delivery;
    const atMs = nowMs();
    const valid = await secrets.valid(tenantId, atMs);
    const headers = webhookHeaders(webhookId, payload, { secrets: valid, atMs });
    const failure = await this.#attempt(url, payload, headers);
    if (failure === 'stopped') return outbox.giveBack(webhookId);
    if (failure === undefined) return outbox.delivered(webhookId);
    const failed: FailedAttempt = { ...failure, atMs };
    const tries = delivery.tries + 1;
    if (tries >= maxTries) return outbox.bury(webhookId, failed);
    await outbox.retryLater(webhookId, failed, nowMs() + backoffMs(tries, retryMs));
  }

  /** After a fault of the store, which would only come again at once. */
  #giveBackLater(webhookId: string): void {
    const again = setTimeout(() => {
      void this.#options.outbox.giveBack(webhookId).then(() => this.wake());
    }, AFTER_FAULT_MS);
    again.unref();
  }

  async #attempt(
    url: string,
    body: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<Omit<FailedAttempt, 'atMs'> | 'stopped' | undefined> {
    try {
      const httpStatus = await this.#options.post(url, body, headers, this.#stop.signal);
      return httpStatus >= 200 && httpStatus < 300 ? undefined : { httpStatus };
    } catch (error) {
      if (this.#stop.signal.aborted) return 'stopped';
      return { code: asVoicePrintsError(error).code };
    }
  }
}
