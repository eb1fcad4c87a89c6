import type { Job } from '../../jobs/job.js';
import { JobRunner } from '../../jobs/jobRunner.js';
import { WebhookSender } from '../../jobs/webhooks/webhookSender.js';
import { guardedPost } from '../../net/guardedPost.js';
import type { Engine } from '../engine.js';
import type { JobSettings } from './jobSettings.js';
import type { JobStores } from './jobStores.js';
import type { OpenJobsOptions } from './openJobsOptions.js';
import { performJob } from './performJob.js';
import { tracedJob } from './tracedJob.js';

export interface EngineJobsOptions extends OpenJobsOptions {
  readonly settings: JobSettings;
}

/** Options with what has a default. */
type WorkOptions = EngineJobsOptions & Required<Pick<EngineJobsOptions, 'nowMs' | 'onFault'>>;

/** What works on the jobs. */
export function runnerOf(
  engine: Engine,
  { queue, audio }: JobStores,
  { settings, quota, allowHosts = [], ...options }: WorkOptions & { readonly onSettled: (job: Job) => void },
): JobRunner {
  const { nowMs, onFault, onSettled, tracing } = options;
  return new JobRunner({
    queue,
    nowMs,
    onFault,
    onSettled,
    ...settings,
    isHeld: (tenantId) => quota?.hasAudioLeft(tenantId) === false,
    perform: tracedJob(performJob({ engine, audio, allowHosts, settings }), { tracing, nowMs }),
  });
}

/** What sends the webhooks. */
export function senderOf(
  { queue, outbox, secrets }: JobStores,
  { settings, payloadOf, allowHosts = [], nowMs, onFault, tracing }: WorkOptions,
): WebhookSender {
  const { webhookTimeoutMs: timeoutMs, webhookAnswerBytes: maxAnswerBytes } = settings;
  return new WebhookSender({
    outbox,
    secrets,
    nowMs,
    onFault,
    tracing,
    maxTries: settings.webhookTries,
    retryMs: settings.webhookRetryMs,
    concurrency: settings.webhookConcurrency,
    perHost: settings.webhooksPerHost,
    graceMs: settings.graceMs,
    bodyOf: async ({ tenantId, requestId, payload }) => {
      const job = await queue.get(tenantId, requestId);
      return job?.outcome ? JSON.stringify(payloadOf(job, job.outcome)) : payload;
    },
    post: (url, body, headers, signal) =>
      guardedPost(url, { body, headers }, { allowHosts, timeoutMs, maxAnswerBytes }, signal),
  });
}
