import { present } from '../../core/present.js';
import { deliveryOf } from '../storedRows.js';
import type { Delivery, DeliveryStatus, FailedAttempt } from '../webhooks/webhookOutbox.js';
import { type JobRow, jobOfRow } from './jobRows.js';
import type { RowSealing } from './rowSealing.js';

/** A message with the job that it is about: the address is stored there alone. */
export interface MessageRow extends JobRow {
  readonly webhook_id: string;
  readonly message_status: DeliveryStatus;
  readonly message_tries: number;
  readonly next_at_ms: string;
  readonly message_created_at_ms: string;
  readonly message_ended_at_ms: string | null;
  readonly message_failure: FailedAttempt | null;
}

/** To be followed by a condition on `m`, the messages. */
export const MESSAGES = `SELECT m.id AS webhook_id, m.status AS message_status, m.tries AS message_tries, m.next_at_ms,
    m.created_at_ms AS message_created_at_ms, m.ended_at_ms AS message_ended_at_ms, m.failure AS message_failure,
    j.tenant_id, j.request_key, j.owner_id, j.status, j.tries, j.created_at_ms, j.request
  FROM voice_prints.webhook_messages m JOIN voice_prints.jobs j ON j.id = m.job_id`;

/** Throws REGISTRY_CORRUPT. */
export function deliveryOfRow(sealing: RowSealing, row: MessageRow): Delivery {
  const { tenantId, requestId, webhookUrl, traceparent } = jobOfRow(sealing, {
    ...row,
    started_at_ms: null,
    ended_at_ms: null,
    failure: null,
    audio_ms: null,
  });
  const endedAtMs = row.message_ended_at_ms === null ? undefined : Number(row.message_ended_at_ms);
  return deliveryOf({
    webhookId: row.webhook_id,
    tenantId,
    requestId,
    url: webhookUrl,
    status: row.message_status,
    tries: row.message_tries,
    nextAtMs: Number(row.next_at_ms),
    createdAtMs: Number(row.message_created_at_ms),
    ...present({ endedAtMs, traceparent, lastFailure: row.message_failure ?? undefined }),
  });
}

/** Stands for the host of an address. */
export const hostKeyOf = (sealing: RowSealing, url: string): Buffer =>
  sealing.standIn(`host ${URL.canParse(url) ? new URL(url).host : ''}`);
