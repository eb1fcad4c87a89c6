import { asVoicePrintsError } from '../../core/errors.js';
import type { Engine } from '../engine.js';
import { EngineJobs } from './engineJobs.js';
import { JOB_DEFAULTS } from './jobSettings.js';
import { openJobStores } from './jobStores.js';
import type { Jobs } from './jobs.js';
import type { OpenJobsOptions } from './openJobsOptions.js';

export type { JobFault, OpenJobsOptions } from './openJobsOptions.js';

/**
 * Opens the jobs of the engine's store and continues with those that were left: those of its folder `jobs`, for one process at a time,
 * or those of its database, for any number. Close it before the engine: work that is not done is handed back, and done by the next.
 *
 * @throws VoicePrintsError JOBS_LOCKED (of a folder), CONFIG_INVALID (the address of the audio), REGISTRY_UNAVAILABLE,
 *   REGISTRY_CORRUPT, REGISTRY_KEY_MISSING, REGISTRY_KEY_WRONG
 */
export async function openJobs(engine: Engine, options: OpenJobsOptions): Promise<Jobs> {
  const settings = { ...JOB_DEFAULTS, ...options.settings };
  const stores = await openJobStores(engine.place, {
    encryptionKey: options.encryptionKey || undefined,
    limits: settings,
    nowMs: options.nowMs ?? Date.now,
  }).catch((error: unknown) => {
    throw asVoicePrintsError(error);
  });
  const jobs = new EngineJobs(engine, stores, { ...options, settings });
  try {
    await jobs.start();
    return jobs;
  } catch (error) {
    await jobs[Symbol.asyncDispose]();
    throw asVoicePrintsError(error);
  }
}
