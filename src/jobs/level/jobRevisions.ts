import type { Job } from '../job.js';

type Change = (job: Job) => Job | undefined;

/** Changes of running jobs, by row key: what a job was changed to while it ran holds for its end as well. */
export class JobRevisions {
  readonly #changes = new Map<string, Change[]>();

  add(key: string, change: Change): void {
    const own = this.#changes.get(key) ?? [];
    own.push(change);
    this.#changes.set(key, own);
  }

  /** The job with all changes; one that returns undefined changes nothing. */
  applied(key: string, job: Job): Job {
    return (this.#changes.get(key) ?? []).reduce((revised, change) => change(revised) ?? revised, job);
  }

  /** To be called where the job runs no longer. */
  drop(key: string): void {
    this.#changes.delete(key);
  }
}
