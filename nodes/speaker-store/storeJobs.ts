import type { Node } from 'node-red';
import type { TenantGate } from '../../src/api/access/tenantGate.js';
import { AsyncJobs } from '../../src/api/asyncJobs.js';
import { allowedHosts } from '../../src/core/allowedHosts.js';
import { asVoicePrintsError, type Engine } from '../../src/index.js';
import type { Tracing } from '../../src/tracing/tracing.js';

interface StoreJobsOptions {
  readonly engine: () => Promise<Engine>;
  readonly encryptionKey: string | undefined;
  readonly gate: TenantGate | undefined;
  readonly tracing: Tracing;
}

/**
 * The jobs of a store whose API is on; they open with the first call, or `openEarly`. Private hosts that urls and webhooks may lead to come from VOICE_PRINTS_ALLOWED_HOSTS, as on
 * the command line. Close them before the engine.
 */
export function storeJobs(store: Node, { engine, encryptionKey, gate, tracing }: StoreJobsOptions): AsyncJobs {
  return new AsyncJobs({
    engine,
    encryptionKey,
    gate,
    tracing,
    allowHosts: allowedHosts(process.env),
    onFault: ({ code }) => store.error(`${code}: a job or a webhook could not be handled`),
  });
}

/** Jobs that were left when Node-RED ended continue without a call; a failure shows at deploy. */
export function openEarly(store: Node, jobs: AsyncJobs): void {
  setImmediate(() => {
    jobs.open().catch((thrown: unknown) => {
      const { code, message } = asVoicePrintsError(thrown);
      if (code !== 'ENGINE_CLOSED') store.error(message); // closed again before it was open
    });
  });
}
