import { VoicePrintsError } from '../../core/errors.js';
import { guarded } from '../../core/guarded.js';
import type { Database } from '../../database/database.js';
import { ALL_TENANTS } from '../../database/sql.js';
import type { Delivery, FailedAttempt, WebhookOutbox } from '../webhooks/webhookOutbox.js';
import { requestKeyOf, unlessDamaged } from './jobRows.js';
import { deliveryOfRow, MESSAGES, type MessageRow } from './messageRows.js';
import { LEASE, MESSAGES_DUE, notifyOf, type QueueParts } from './queueParts.js';

type OutboxParts = Pick<QueueParts, 'database' | 'sealing' | 'nowMs' | 'holderId'>;

/** While messages are being sent, this process says so as often. */
const RENEW_MS = 1_500;
/** Another process may take the message that was found: so often is another one looked for. */
const LOOKS = 3;

const IS_FREE = `status = 'waiting' AND (lease_until IS NULL OR lease_until < clock_timestamp())`;
const GIVEN_BACK = 'holder = NULL, lease_until = NULL';

/** Messages about jobs in PostgreSQL, sent by any number of processes. */
export class PostgresOutbox implements WebhookOutbox, AsyncDisposable {
  readonly #database: Database;
  readonly #parts: OutboxParts;
  /** Messages that this process sends. */
  readonly #underWay = new Set<string>();
  #renewing: NodeJS.Timeout | undefined;

  constructor(parts: OutboxParts) {
    this.#database = parts.database;
    this.#parts = parts;
  }

  async take(nowMs: number, perHost: number): Promise<Delivery | undefined> {
    const { holderId, sealing } = this.#parts;
    const row = await this.#database.transaction(ALL_TENANTS, async (sql): Promise<MessageRow | undefined> => {
      for (let look = 0; look < LOOKS; look += 1) {
        const due = await sql<{ id: string }>('SELECT voice_prints.next_message($1, $2) AS id', [nowMs, perHost]);
        if (due.length === 0) return undefined;
        const [taken] = await sql<{ id: string }>(
          `UPDATE voice_prints.webhook_messages SET holder = $1, lease_until = clock_timestamp() + ${LEASE} WHERE id = (
            SELECT id FROM voice_prints.webhook_messages WHERE id = ANY ($2) AND ${IS_FREE}
            ORDER BY next_at_ms, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id`,
          [holderId, due.map(({ id }) => id)],
        );
        if (taken) return (await sql<MessageRow>(`${MESSAGES} WHERE m.id = $1`, [taken.id]))[0];
      }
      return undefined;
    });
    if (row === undefined) return undefined;
    const delivery = unlessDamaged(() => deliveryOfRow(sealing, row));
    if (delivery === undefined) {
      await this.drop(row.webhook_id);
      const message = 'a stored job cannot be read, and its webhook was not sent; restore the database from a backup';
      throw new VoicePrintsError('REGISTRY_CORRUPT', message);
    }
    this.#holds(row.webhook_id);
    return delivery;
  }

  async nextDueMs(afterMs: number): Promise<number | undefined> {
    const [row] = await this.#database.query<{ next: string | null }>(
      ALL_TENANTS,
      `SELECT min(next_at_ms) AS next FROM voice_prints.webhook_messages WHERE ${IS_FREE} AND next_at_ms > $1`,
      [afterMs],
    );
    return row?.next == null ? undefined : Number(row.next);
  }

  /** Whether there are messages that a process was sending which ended. */
  async hasLapsed(): Promise<boolean> {
    const rows = await this.#database.query(
      ALL_TENANTS,
      `SELECT 1 FROM voice_prints.webhook_messages
      WHERE status = 'waiting' AND holder IS NOT NULL AND lease_until < clock_timestamp() LIMIT 1`,
    );
    return rows.length > 0;
  }

  async delivered(webhookId: string): Promise<void> {
    await this.#end(webhookId, 'delivered', null);
  }

  async bury(webhookId: string, failure: FailedAttempt): Promise<void> {
    await this.#end(webhookId, 'dead', failure);
  }

  async retryLater(webhookId: string, failure: FailedAttempt, nextAtMs: number): Promise<void> {
    await this.#change(webhookId, `tries = tries + 1, failure = $2, next_at_ms = $3, ${GIVEN_BACK}`, [
      JSON.stringify(failure),
      nextAtMs,
    ]);
  }

  async giveBack(webhookId: string): Promise<void> {
    await this.#change(webhookId, GIVEN_BACK, []);
  }

  async drop(webhookId: string): Promise<void> {
    this.#releases(webhookId);
    await this.#database.query(ALL_TENANTS, 'DELETE FROM voice_prints.webhook_messages WHERE id = $1', [webhookId]);
  }

  /** Nothing in a database is of release 0.1.0. */
  async dropOld(): Promise<void> {}

  async ofJob(tenantId: string, requestId: string): Promise<Delivery | undefined> {
    const requestKey = requestKeyOf(this.#parts.sealing, tenantId, requestId);
    return (await this.#read(tenantId, 'j.tenant_id = $1 AND j.request_key = $2', [tenantId, requestKey]))[0];
  }

  dead(tenantId: string, limit: number): Promise<readonly Delivery[]> {
    const newest = `m.tenant_id = $1 AND m.status = 'dead' ORDER BY m.ended_at_ms DESC, m.id LIMIT $2`;
    return this.#read(tenantId, newest, [tenantId, limit]);
  }

  async resend(tenantId: string, webhookId: string, nowMs: number): Promise<Delivery | undefined> {
    const isThere = await this.#database.transaction(tenantId, async (sql) => {
      const rows = await sql(
        `UPDATE voice_prints.webhook_messages SET status = 'waiting', tries = 0, next_at_ms = $3, ended_at_ms = NULL, ${GIVEN_BACK}
        WHERE id = $1 AND tenant_id = $2 AND status = 'dead' RETURNING id`,
        [webhookId, tenantId, nowMs],
      );
      if (rows.length > 0) await notifyOf(sql, MESSAGES_DUE);
      return rows.length > 0;
    });
    return isThere ? (await this.#read(tenantId, 'm.id = $1', [webhookId]))[0] : undefined;
  }

  async expire(before: { readonly delivered: number; readonly dead: number }): Promise<number> {
    const rows = await this.#database.query(
      ALL_TENANTS,
      `DELETE FROM voice_prints.webhook_messages
      WHERE (status = 'delivered' AND ended_at_ms < $1) OR (status = 'dead' AND ended_at_ms < $2) RETURNING id`,
      [before.delivered, before.dead],
    );
    return rows.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewing);
  }

  async #read(tenantId: string, condition: string, values: readonly unknown[]): Promise<readonly Delivery[]> {
    const rows = await this.#database.query<MessageRow>(tenantId, `${MESSAGES} WHERE ${condition}`, values);
    return rows.flatMap((row) => unlessDamaged(() => deliveryOfRow(this.#parts.sealing, row)) ?? []);
  }

  #end(webhookId: string, status: 'delivered' | 'dead', failure: FailedAttempt | null): Promise<void> {
    const change = `tries = tries + 1, failure = coalesce($2::jsonb, failure), ended_at_ms = $3, status = $4, ${GIVEN_BACK}`;
    const shown = failure && JSON.stringify(failure);
    return this.#change(webhookId, change, [shown, this.#parts.nowMs(), status]);
  }

  async #change(webhookId: string, change: string, values: readonly unknown[]): Promise<void> {
    const text = `UPDATE voice_prints.webhook_messages SET ${change} WHERE id = $1`;
    await this.#database.query(ALL_TENANTS, text, [webhookId, ...values]);
    this.#releases(webhookId);
  }

  #holds(webhookId: string): void {
    this.#underWay.add(webhookId);
    const renew = guarded(
      () => undefined, // the next one renews; until then the message may be sent again, under the same id
      () => this.#renew(),
    );
    this.#renewing ??= setInterval(renew, RENEW_MS).unref();
  }

  #releases(webhookId: string): void {
    this.#underWay.delete(webhookId);
    if (this.#underWay.size > 0) return;
    clearInterval(this.#renewing);
    this.#renewing = undefined;
  }

  async #renew(): Promise<void> {
    await this.#database.query(
      ALL_TENANTS,
      `UPDATE voice_prints.webhook_messages SET lease_until = clock_timestamp() + ${LEASE} WHERE id = ANY ($1) AND holder = $2`,
      [[...this.#underWay], this.#parts.holderId],
    );
  }
}
