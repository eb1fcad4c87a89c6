import { type CallsOptions, callsOf } from './calls.js';
import type { Scope } from './voicesClient.js';

/** A key as lists show it: never the key. */
export interface KeyInfo {
  readonly keyId: string;
  readonly label: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: string;
  readonly endsAt: string | null;
  readonly isRevoked: boolean;
  readonly lastUsedAt: string | null;
  /** The one of this tab. */
  readonly isOwn: boolean;
}

export interface Usage {
  readonly day: string;
  readonly audioMinutesToday: number;
  readonly audioMinutesPerDay: number | null;
  readonly callsThisMinute: number;
  readonly callsPerMinute: number | null;
}

export interface Job {
  readonly requestId: string;
  readonly kind: 'identify' | 'diarize' | 'vad';
  readonly status: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  readonly createdAt: string | null;
  readonly endedAt: string | null;
  readonly progress: { readonly doneSeconds: number; readonly totalSeconds: number | null } | null;
  /** Only of one job that was asked for. */
  readonly result?: unknown;
  readonly problem?: { readonly code: string; readonly detail: string };
}

/** What a server of its own has beside voices. Every function throws Refused. */
export interface ServerClient {
  usage(): Promise<Usage>;
  keys(): Promise<readonly KeyInfo[]>;
  /** The key itself, this once. */
  createKey(label: string, scopes: readonly Scope[]): Promise<string>;
  revokeKey(keyId: string): Promise<void>;
  /** Newest first. */
  jobs(cursor?: string): Promise<{ readonly jobs: readonly Job[]; readonly cursor: string | null }>;
  job(requestId: string): Promise<Job>;
  submitJob(audio: Blob): Promise<Job>;
  /** Cancels a job; forgets one that has ended. */
  cancelJob(requestId: string): Promise<void>;
}

export function serverClient(options: CallsOptions): ServerClient {
  const { call, json, audio } = callsOf(options);
  return {
    usage: () => call('GET', 'usage'),
    keys: async () => (await call<{ keys: never }>('GET', 'keys')).keys,
    createKey: async (label, scopes) => (await json<{ key: string }>('POST', 'keys', { label, scopes })).key,
    revokeKey: (keyId) => call('DELETE', `keys/${encodeURIComponent(keyId)}`),
    jobs: (cursor) => call('GET', cursor === undefined ? 'jobs' : `jobs?cursor=${encodeURIComponent(cursor)}`),
    job: (requestId) => call('GET', `jobs/${encodeURIComponent(requestId)}`),
    submitJob: (recording) => audio('jobs?kind=identify', recording),
    cancelJob: (requestId) => call('DELETE', `jobs/${encodeURIComponent(requestId)}`),
  };
}
