import type { Sql } from '../../database/sql.js';
import { erasureSealed } from './jobErasures.js';
import { type JobRow, jobOfRow, requestKeyOf, sealedColumns, WITHOUT_OUTCOME } from './jobRows.js';
import { hostKeyOf } from './messageRows.js';
import { secretsSealed } from './postgresSecrets.js';
import { RowSealing } from './rowSealing.js';

/** Seals what was stored before there was a key, in the transaction that settles the key. */
export async function sealStored(sql: Sql, sealing: RowSealing): Promise<void> {
  const plain = new RowSealing(undefined);
  const ids = await sql<{ id: string }>('SELECT id FROM voice_prints.jobs ORDER BY id FOR UPDATE');
  for (const { id } of ids) {
    const [row] = await sql<JobRow>(`SELECT ${WITHOUT_OUTCOME}, outcome FROM voice_prints.jobs WHERE id = $1`, [id]);
    const job = jobOfRow(plain, row!);
    const requestKey = requestKeyOf(sealing, job.tenantId, job.requestId);
    const { request, failure, outcome } = sealedColumns(sealing, job, requestKey);
    await sql('UPDATE voice_prints.jobs SET request_key = $2, request = $3, failure = $4, outcome = $5 WHERE id = $1', [
      id,
      requestKey,
      request,
      failure,
      outcome,
    ]);
    if (job.webhookUrl === undefined) continue;
    const hostKey = hostKeyOf(sealing, job.webhookUrl);
    await sql('UPDATE voice_prints.webhook_messages SET host_key = $2 WHERE job_id = $1', [id, hostKey]);
  }
  for (const { tenant_id: tenantId, secrets } of await sql<{ tenant_id: string; secrets: Buffer }>(
    'SELECT tenant_id, secrets FROM voice_prints.webhook_secrets FOR UPDATE',
  )) {
    const sealed = secretsSealed(sealing, plain, tenantId, secrets);
    await sql('UPDATE voice_prints.webhook_secrets SET secrets = $2 WHERE tenant_id = $1', [tenantId, sealed]);
  }
  for (const { id, speaker } of await sql<{ id: string; speaker: Buffer }>(
    'SELECT id, speaker FROM voice_prints.job_erasures FOR UPDATE',
  )) {
    const sealed = erasureSealed(sealing, plain, speaker);
    await sql('UPDATE voice_prints.job_erasures SET speaker = $2 WHERE id = $1', [id, sealed]);
  }
}
