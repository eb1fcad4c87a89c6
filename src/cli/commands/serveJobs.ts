import type { TenantGate } from '../../api/access/tenantGate.js';
import { AsyncJobs } from '../../api/asyncJobs.js';
import { type Engine, VoicePrintsError } from '../../index.js';
import type { ParsedArguments, Terminal } from '../command.js';
import { remark } from '../output/output.js';

interface ServeJobsOptions {
  readonly engine: Engine;
  readonly allowHosts: readonly string[];
  readonly gate: TenantGate;
}

/**
 * The jobs of `serve`, including pending ones. Where another process holds them, all else is served, and asynchronous calls
 * are refused until that process has ended. The caller disposes them, before the engine.
 */
export async function serveJobs(
  args: ParsedArguments,
  terminal: Terminal,
  { engine, allowHosts, gate }: ServeJobsOptions,
): Promise<AsyncJobs> {
  const jobs = new AsyncJobs({
    engine,
    encryptionKey: terminal.env.VOICE_PRINTS_KEY,
    allowHosts,
    gate,
    onFault: ({ code }) => terminal.stderr.write(`${code}: a job or a webhook could not be handled\n`),
  });
  try {
    await jobs.open();
  } catch (error) {
    if (!(error instanceof VoicePrintsError) || error.code !== 'JOBS_LOCKED') throw error;
    remark(args, terminal, `${error.code}: ${error.message}. Asynchronous calls are refused until it is fixed.`);
  }
  return jobs;
}
