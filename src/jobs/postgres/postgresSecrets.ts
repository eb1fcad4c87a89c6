import type { Database } from '../../database/database.js';
import { secretsOf } from '../storedRows.js';
import type { WebhookSecrets } from '../webhooks/webhookOutbox.js';
import type { RowSealing } from './rowSealing.js';

const purposeOf = (tenantId: string): string => `voice-prints jobs secrets ${tenantId}`;

/** Signing secrets in PostgreSQL. */
export class PostgresSecrets implements WebhookSecrets {
  readonly #database: Database;
  readonly #sealing: RowSealing;

  constructor(database: Database, sealing: RowSealing) {
    this.#database = database;
    this.#sealing = sealing;
  }

  async valid(tenantId: string, nowMs: number): Promise<readonly string[]> {
    const [row] = await this.#database.query<{ secrets: Buffer }>(tenantId, SELECT, [tenantId]);
    return this.#opened(tenantId, row).flatMap(({ secret, untilMs }) =>
      untilMs === null || untilMs > nowMs ? [secret] : [],
    );
  }

  async rotate(tenantId: string, secret: string, oldUntilMs: number): Promise<void> {
    await this.#database.transaction(tenantId, async (sql) => {
      const [row] = await sql<{ secrets: Buffer }>(`${SELECT} FOR UPDATE`, [tenantId]);
      const [last] = this.#opened(tenantId, row);
      // Only the last one stays valid: frequent rotation would accumulate secrets otherwise.
      const old = last === undefined ? [] : [{ secret: last.secret, untilMs: oldUntilMs }];
      const sealed = this.#sealing.seal([{ secret, untilMs: null }, ...old], purposeOf(tenantId));
      await sql(
        `INSERT INTO voice_prints.webhook_secrets (tenant_id, secrets) VALUES ($1, $2)
        ON CONFLICT (tenant_id) DO UPDATE SET secrets = $2`,
        [tenantId, sealed],
      );
    });
  }

  #opened(tenantId: string, row: { readonly secrets: Buffer } | undefined) {
    return row === undefined ? [] : secretsOf(this.#sealing.open(row.secrets, purposeOf(tenantId)));
  }
}

const SELECT = 'SELECT secrets FROM voice_prints.webhook_secrets WHERE tenant_id = $1';

/** For sealing what was stored before there was a key. */
export const secretsSealed = (sealing: RowSealing, plain: RowSealing, tenantId: string, secrets: Buffer): Buffer =>
  sealing.seal(plain.open(secrets, purposeOf(tenantId)), purposeOf(tenantId));
