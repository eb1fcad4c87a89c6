import { createHash } from 'node:crypto';
import { secretsOf } from '../storedRows.js';
import type { WebhookSecrets } from '../webhooks/webhookOutbox.js';
import type { SealedLevel } from './sealedLevel.js';

/** Signing secrets in LevelDB: signing needs them in the clear, so they are encrypted like the other rows. */
export class LevelSecrets implements WebhookSecrets {
  readonly #level: SealedLevel;

  constructor(level: SealedLevel) {
    this.#level = level;
  }

  async valid(tenantId: string, nowMs: number): Promise<readonly string[]> {
    const row = await this.#level.get(keyOf(tenantId));
    if (row === undefined) return [];
    return secretsOf(row).flatMap(({ secret, untilMs }) => (untilMs === null || untilMs > nowMs ? [secret] : []));
  }

  async rotate(tenantId: string, secret: string, oldUntilMs: number): Promise<void> {
    const row = await this.#level.get(keyOf(tenantId));
    const [last] = row === undefined ? [] : secretsOf(row);
    // Only the last one stays valid: frequent rotation would accumulate secrets otherwise.
    const old = last === undefined ? [] : [{ secret: last.secret, untilMs: oldUntilMs }];
    await this.#level.write({ put: [[keyOf(tenantId), [{ secret, untilMs: null }, ...old]]] }, true);
  }
}

const keyOf = (tenantId: string): string => `secret!${createHash('sha256').update(tenantId).digest('hex')}`;
