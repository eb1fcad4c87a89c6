import type { Job } from '../../jobs/job.js';
import type { JobQueue } from '../../jobs/jobQueue.js';
import type { Delivery, WebhookOutbox } from '../../jobs/webhooks/webhookOutbox.js';
import type { DeadLetter, JobView, WebhookView } from './jobs.js';

/** A job as callers see it. */
export async function jobView(
  { queue, outbox }: { readonly queue: JobQueue; readonly outbox: WebhookOutbox },
  job: Job,
): Promise<JobView> {
  const { tenantId, requestId, call, task, status, tries, createdAtMs } = job;
  const delivery = job.webhookUrl === undefined ? undefined : await outbox.ofJob(tenantId, requestId);
  return {
    tenantId,
    requestId,
    call,
    kind: task.kind,
    status,
    tries,
    createdAtMs,
    ownerId: job.ownerId ?? null,
    startedAtMs: job.startedAtMs ?? null,
    endedAtMs: job.endedAtMs ?? null,
    progress: (status === 'running' && (await queue.progressOf(tenantId, requestId))) || null,
    outcome: job.outcome ?? null,
    webhook: delivery ? webhookView(delivery) : null,
  };
}

/** An undelivered message as callers see it. */
export const deadLetter = (delivery: Delivery): DeadLetter => ({
  ...webhookView(delivery),
  requestId: delivery.requestId,
  address: shownAddress(delivery.url),
  createdAtMs: delivery.createdAtMs,
  endedAtMs: delivery.endedAtMs ?? null,
});

const webhookView = ({ webhookId, status, tries, lastFailure }: Delivery): WebhookView => ({
  webhookId,
  status,
  tries,
  lastFailure: lastFailure ?? null,
});

function shownAddress(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
