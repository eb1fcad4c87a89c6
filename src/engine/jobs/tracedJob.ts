import type { JobRunnerOptions } from '../../jobs/jobRunner.js';
import { NO_TRACING, type Tracing, traced } from '../../tracing/tracing.js';

interface TracedJobOptions {
  readonly tracing: Tracing | undefined;
  readonly nowMs: () => number;
}

/** The same work, with a span for each try, in the trace of the call that handed the job in. */
export function tracedJob(
  perform: JobRunnerOptions['perform'],
  { tracing = NO_TRACING, nowMs }: TracedJobOptions,
): JobRunnerOptions['perform'] {
  return (job, { signal, onProgress }) => {
    const facts = {
      'voice_prints.job.kind': job.task.kind,
      'voice_prints.job.tries': job.tries,
      'voice_prints.job.age_ms': nowMs() - job.createdAtMs,
    };
    const start = { kind: 'consumer', parent: job.traceparent, joins: false, facts } as const;
    return traced(tracing, ['job', start], async (span) => {
      let audioMs: number | undefined;
      try {
        return await perform(job, {
          signal,
          onProgress: (progress) => {
            audioMs = progress.doneMs;
            onProgress(progress);
          },
        });
      } finally {
        span.set({ 'voice_prints.audio_ms': audioMs });
      }
    });
  };
}
