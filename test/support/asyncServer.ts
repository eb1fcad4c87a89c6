import { ApiKeys } from '../../src/api/access/apiKeys.js';
import { KeyRing } from '../../src/api/access/keyRing.js';
import type { TenantGate } from '../../src/api/access/tenantGate.js';
import { AsyncJobs } from '../../src/api/asyncJobs.js';
import { serve } from '../../src/api/serve.js';
import type { Engine } from '../../src/engine/engine.js';
import type { JobSettings } from '../../src/engine/jobs/jobSettings.js';
import type { Jobs } from '../../src/engine/jobs/jobs.js';
import type { Tracing } from '../../src/tracing/tracing.js';

export interface AsyncServer extends AsyncDisposable {
  readonly url: string;
  readonly jobs: Jobs;
  /** Codes of faults of ours. */
  readonly faults: readonly string[];
  /** A call with JSON of the tenant acme, or of another key's. */
  call(method: string, path: string, body?: unknown, key?: string): Promise<Answered>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into field by field
  readonly body: any;
}

/** Short waits, so that retries happen within a test. */
export const QUICK: Partial<JobSettings> = { retryMs: 20, webhookRetryMs: 20, webhookTimeoutMs: 2_000, graceMs: 200 };

/** REST with jobs over an engine; tenants acme (key `acme-key`) and globex (`globex-key`). */
export async function asyncServer(
  engine: Engine,
  {
    allowHosts = [],
    settings = {},
    gate,
    tracing,
  }: {
    readonly allowHosts?: readonly string[];
    readonly settings?: Partial<JobSettings>;
    readonly gate?: TenantGate | undefined;
    readonly tracing?: Tracing | undefined;
  },
): Promise<AsyncServer> {
  const faults: string[] = [];
  const onFault = ({ code }: { readonly code: string }) => void faults.push(code);
  const asyncJobs = new AsyncJobs({ engine, allowHosts, gate, tracing, onFault, settings: { ...QUICK, ...settings } });
  const keys = ApiKeys.fromPairs('acme:acme-key,globex:globex-key');
  const jobs = await asyncJobs.open();
  const shared = {
    engine,
    keys,
    gate,
    tracing,
    ring: new KeyRing({ storeDirectory: engine.storeDirectory }),
    jobs: asyncJobs.open,
  };
  const server = await serve({ ...shared, port: 0, graceMs: 500, options: { allowHosts } });
  return {
    url: server.url,
    jobs,
    faults,
    call: async (method, path, body, key = 'acme-key') => {
      const response = await fetch(`${server.url}${path}`, {
        method,
        headers: { 'x-api-key': key, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
    },
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await asyncJobs[Symbol.asyncDispose]();
    },
  };
}
