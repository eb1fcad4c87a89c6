import { randomBytes } from 'node:crypto';
import { deliveryOf } from '../storedRows.js';
import type {
  Delivery,
  DeliveryStatus,
  FailedAttempt,
  OutgoingMessage,
  WebhookOutbox,
} from '../webhooks/webhookOutbox.js';
import { jobKeyOf } from './jobIndex.js';
import type { SealedLevel } from './sealedLevel.js';

/** The in-memory part of a message. */
interface Entry {
  readonly key: string;
  readonly webhookId: string;
  readonly tenantId: string;
  readonly requestId: string;
  readonly host: string;
  status: DeliveryStatus;
  nextAtMs: number;
  endedAtMs: number | undefined;
  isUnderWay: boolean;
}

interface Prepared {
  readonly commit: () => void;
}

const PREFIX = 'hook!';

/** Messages in LevelDB; an index without payloads is kept in memory. */
export class LevelOutbox implements WebhookOutbox {
  readonly #level: SealedLevel;
  readonly #entries = new Map<string, Entry>();
  readonly #ofJobs = new Map<string, Entry>();
  readonly #nowMs: () => number;

  private constructor(level: SealedLevel, nowMs: () => number) {
    this.#level = level;
    this.#nowMs = nowMs;
  }

  static async open(level: SealedLevel, nowMs: () => number): Promise<LevelOutbox> {
    const outbox = new LevelOutbox(level, nowMs);
    for await (const [, row] of level.all(PREFIX)) outbox.#index(deliveryOf(row));
    return outbox;
  }

  /** The row of a new message, to be written in a batch with others; call `commit` once it is written. */
  prepare(message: OutgoingMessage): Prepared & { readonly row: readonly [string, Delivery] } {
    const nowMs = this.#nowMs();
    const delivery: Delivery = {
      ...message,
      webhookId: `msg_${randomBytes(18).toString('base64url')}`,
      status: 'waiting',
      tries: 0,
      nextAtMs: nowMs,
      createdAtMs: nowMs,
    };
    return { row: [keyOf(delivery.webhookId), delivery], commit: () => this.#index(delivery) };
  }

  async take(nowMs: number, perHost: number): Promise<Delivery | undefined> {
    const busy = new Map<string, number>();
    for (const { isUnderWay, host } of this.#entries.values()) {
      if (isUnderWay) busy.set(host, (busy.get(host) ?? 0) + 1);
    }
    let next: Entry | undefined;
    for (const entry of this.#entries.values()) {
      const isDue = entry.status === 'waiting' && !entry.isUnderWay && entry.nextAtMs <= nowMs;
      if (!isDue || (busy.get(entry.host) ?? 0) >= perHost) continue;
      if (next === undefined || entry.nextAtMs < next.nextAtMs) next = entry;
    }
    if (next === undefined) return undefined;
    next.isUnderWay = true;
    try {
      return await this.#read(next);
    } catch (error) {
      next.isUnderWay = false;
      throw error;
    }
  }

  async nextDueMs(afterMs: number): Promise<number | undefined> {
    let next: number | undefined;
    for (const { status, isUnderWay, nextAtMs } of this.#entries.values()) {
      if (status !== 'waiting' || isUnderWay || nextAtMs <= afterMs) continue;
      if (next === undefined || nextAtMs < next) next = nextAtMs;
    }
    return next;
  }

  async delivered(webhookId: string): Promise<void> {
    await this.#change(webhookId, ({ payload: _, ...delivery }) => ({
      ...delivery,
      status: 'delivered',
      tries: delivery.tries + 1,
      endedAtMs: this.#nowMs(),
    }));
  }

  async retryLater(webhookId: string, failure: FailedAttempt, nextAtMs: number): Promise<void> {
    await this.#change(webhookId, (delivery) => ({
      ...delivery,
      tries: delivery.tries + 1,
      lastFailure: failure,
      nextAtMs,
    }));
  }

  async bury(webhookId: string, failure: FailedAttempt): Promise<void> {
    await this.#change(webhookId, (delivery) => ({
      ...delivery,
      status: 'dead',
      tries: delivery.tries + 1,
      lastFailure: failure,
      endedAtMs: this.#nowMs(),
    }));
  }

  async drop(webhookId: string): Promise<void> {
    const entry = this.#entries.get(webhookId);
    if (entry === undefined) return;
    await this.#level.write({ delete: [entry.key] }, false);
    this.#remove(entry);
  }

  async dropOld(tenantId: string, isAbout: (payload: string) => boolean): Promise<void> {
    for (const entry of [...this.#entries.values()].filter((one) => one.tenantId === tenantId)) {
      const { payload } = await this.#read(entry);
      if (payload !== undefined && isAbout(payload)) await this.drop(entry.webhookId);
    }
  }

  /** Whether the message about a job waits to be sent, or is being sent. */
  isWaiting({ tenantId, requestId }: Pick<Entry, 'tenantId' | 'requestId'>): boolean {
    return this.#ofJobs.get(jobKeyOf(tenantId, requestId))?.status === 'waiting';
  }

  /** Whether the message about a job waits to be sent, or can be sent again. */
  mayBeSent({ tenantId, requestId }: Pick<Entry, 'tenantId' | 'requestId'>): boolean {
    return ['waiting', 'dead'].includes(this.#ofJobs.get(jobKeyOf(tenantId, requestId))?.status ?? '');
  }

  /** The keys of the messages about these jobs, to be deleted in one batch with the jobs; call `commit` once that is done. */
  prepareDrop(jobs: readonly Pick<Entry, 'tenantId' | 'requestId'>[]): Prepared & { readonly keys: readonly string[] } {
    const entries = jobs.flatMap(({ tenantId, requestId }) => this.#ofJobs.get(jobKeyOf(tenantId, requestId)) ?? []);
    const commit = () => {
      for (const entry of entries) this.#remove(entry);
    };
    return { keys: entries.map(({ key }) => key), commit };
  }

  async giveBack(webhookId: string): Promise<void> {
    const entry = this.#entries.get(webhookId);
    if (entry) entry.isUnderWay = false;
  }

  async ofJob(tenantId: string, requestId: string): Promise<Delivery | undefined> {
    const entry = this.#ofJobs.get(jobKeyOf(tenantId, requestId));
    return entry && this.#read(entry);
  }

  async dead(tenantId: string, limit: number): Promise<readonly Delivery[]> {
    const mine = [...this.#entries.values()].filter((one) => one.tenantId === tenantId && one.status === 'dead');
    const newest = mine.sort((a, b) => (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0)).slice(0, limit);
    return Promise.all(newest.map((entry) => this.#read(entry)));
  }

  async resend(tenantId: string, webhookId: string, nowMs: number): Promise<Delivery | undefined> {
    const entry = this.#entries.get(webhookId);
    if (entry?.tenantId !== tenantId || entry.status !== 'dead') return undefined;
    return this.#change(webhookId, ({ endedAtMs: _, ...delivery }) => ({
      ...delivery,
      status: 'waiting',
      tries: 0,
      nextAtMs: nowMs,
    }));
  }

  async expire(before: { readonly delivered: number; readonly dead: number }): Promise<number> {
    const gone = [...this.#entries.values()].filter(
      ({ status, endedAtMs }) => status !== 'waiting' && (endedAtMs ?? 0) < before[status],
    );
    if (gone.length === 0) return 0;
    await this.#level.write({ delete: gone.map(({ key }) => key) }, false);
    for (const entry of gone) this.#remove(entry);
    return gone.length;
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.webhookId);
    const jobKey = jobKeyOf(entry.tenantId, entry.requestId);
    if (this.#ofJobs.get(jobKey) === entry) this.#ofJobs.delete(jobKey);
  }

  async #read({ key }: Entry): Promise<Delivery> {
    return deliveryOf(await this.#level.get(key));
  }

  async #change(webhookId: string, change: (delivery: Delivery) => Delivery): Promise<Delivery | undefined> {
    const entry = this.#entries.get(webhookId);
    if (entry === undefined) return undefined;
    const delivery = change(await this.#read(entry));
    // Not synced: if power is lost, the message is sent again under the same webhook-id.
    await this.#level.write({ put: [[entry.key, delivery]] }, false);
    // Dropped with its job meanwhile: the row just written must be removed.
    if (this.#entries.get(webhookId) !== entry) await this.#level.write({ delete: [entry.key] }, false);
    const { status, nextAtMs, endedAtMs } = delivery;
    Object.assign(entry, { status, nextAtMs, endedAtMs, isUnderWay: false });
    return delivery;
  }

  #index(delivery: Delivery): void {
    const { webhookId, tenantId, requestId, status, nextAtMs, endedAtMs } = delivery;
    const entry: Entry = {
      key: keyOf(webhookId),
      webhookId,
      tenantId,
      requestId,
      status,
      nextAtMs,
      endedAtMs,
      host: URL.canParse(delivery.url) ? new URL(delivery.url).host : '',
      isUnderWay: false,
    };
    this.#entries.set(webhookId, entry);
    this.#ofJobs.set(jobKeyOf(tenantId, requestId), entry);
  }
}

const keyOf = (webhookId: string): string => `${PREFIX}${webhookId}`;
