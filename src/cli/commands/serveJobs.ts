import type { TenantGate } from '../../api/access/tenantGate.js';
import { AsyncJobs } from '../../api/asyncJobs.js';
import type { ServerLog } from '../../api/serverLog.js';
import { systemCodeOf } from '../../core/systemCode.js';
import { type Engine, VoicePrintsError } from '../../index.js';
import type { Tracing } from '../../tracing/tracing.js';
import type { ParsedArguments, Terminal } from '../command.js';
import { remark } from '../output/output.js';
import type { Role } from './serveRoles.js';

interface ServeJobsOptions {
  readonly engine: Engine;
  readonly allowHosts: readonly string[];
  readonly gate: TenantGate;
  readonly roles: ReadonlySet<Role>;
  readonly tracing: Tracing;
  readonly log: ServerLog;
}

/**
 * The jobs of `serve`, including pending ones; undefined where it has to do with none, handed in only where another process works on
 * them. Where another process holds those of the folder, all else is served, and asynchronous calls are refused until that process has
 * ended. The caller disposes them, before the engine.
 */
export async function serveJobs(
  args: ParsedArguments,
  terminal: Terminal,
  { engine, allowHosts, gate, roles, tracing, log }: ServeJobsOptions,
): Promise<AsyncJobs | undefined> {
  if (!roles.has('api') && !roles.has('worker')) return undefined;
  const jobs = new AsyncJobs({
    engine,
    encryptionKey: terminal.env.VOICE_PRINTS_KEY,
    allowHosts,
    gate,
    tracing,
    works: roles.has('worker'),
    onFault: ({ code, error }) =>
      log.problem({ code, ...systemCodeOf(error), message: 'a job or a webhook could not be handled' }),
  });
  try {
    await jobs.open();
  } catch (error) {
    if (!(error instanceof VoicePrintsError) || error.code !== 'JOBS_LOCKED') throw error;
    remark(args, terminal, `${error.code}: ${error.message}. Asynchronous calls are refused until it is fixed.`);
  }
  return jobs;
}
