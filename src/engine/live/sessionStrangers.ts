import type { StrangersPolicy } from '../../core/strangers.js';
import { MS_PER_DAY } from '../../core/time.js';
import type { UnknownVoice } from '../../core/unknownVoice.js';
import type { UnknownVoices } from '../../registry/unknownVoices.js';

/** What one session uses to keep its unknown voices. */
export interface StrangersOfSession extends Pick<UnknownVoices, 'newId' | 'list' | 'put' | 'delete'> {
  /** An id that was given in another process, to the session that goes on here. */
  adopt(id: string): void;
}

interface RunningSession {
  readonly tenantId: string;
  readonly voices: Map<string, UnknownVoice>;
  /** Ids that were given and not yet put: any other that is not among the voices was erased. */
  readonly newIds: Set<string>;
}

/**
 * Unknown voices of the running sessions that are kept in memory only, and the store's for all other calls. Numbers come from
 * the store in any case: they carry nothing of a voice, and are never given twice.
 */
export class SessionStrangers {
  readonly #store: UnknownVoices;
  readonly #maxVoices: number;
  readonly #sessions = new Set<RunningSession>();

  /** @param maxVoices of one session; those not met for longest give way */
  constructor(store: UnknownVoices, maxVoices: number) {
    this.#store = store;
    this.#maxVoices = maxVoices;
  }

  /** What a new session keeps its unknown voices in; dispose it when the session ends, and they are gone. */
  open(policy: StrangersPolicy, tenantId: string): StrangersOfSession & Disposable {
    if (policy.keeps === 'days') return this.#inStore(policy.days * MS_PER_DAY);
    return policy.keeps === 'session' ? this.#inMemory(tenantId) : this.#nowhere();
  }

  /** The unknown voices of a tenant, of the store and of the sessions that run. */
  async list(tenantId: string): Promise<readonly UnknownVoice[]> {
    const running = this.#of(tenantId).flatMap(({ voices }) => [...voices.values()]);
    return [...(await this.#store.list(tenantId)), ...running];
  }

  async delete(tenantId: string, id: string): Promise<boolean> {
    const wasRunning = this.#of(tenantId).some((session) => forget(session, id));
    return (await this.#store.delete(tenantId, id)) || wasRunning;
  }

  /** Keeps a voice in the store again that was taken out of it: with a new id, as ids are never given twice. */
  async restore(tenantId: string, voice: UnknownVoice): Promise<void> {
    await this.#store.put(tenantId, { ...voice, id: await this.#store.newId(tenantId) });
  }

  #of(tenantId: string): readonly RunningSession[] {
    return [...this.#sessions].filter((session) => session.tenantId === tenantId);
  }

  #inStore(keepMs: number): StrangersOfSession & Disposable {
    const store = this.#store;
    return {
      newId: (tenantId) => store.newId(tenantId),
      list: (tenantId) => store.list(tenantId),
      put: (tenantId, voice) => store.put(tenantId, { ...voice, expiresAtMs: voice.lastHeardMs + keepMs }),
      delete: (tenantId, id) => store.delete(tenantId, id),
      adopt() {},
      [Symbol.dispose]() {}, // they outlive the session
    };
  }

  /** A voice of one session is no voice of another, even while both run. */
  #inMemory(tenantId: string): StrangersOfSession & Disposable {
    const session: RunningSession = { tenantId, voices: new Map(), newIds: new Set() };
    const { voices, newIds } = session;
    this.#sessions.add(session);
    return {
      newId: async (tenant) => {
        const id = await this.#store.newId(tenant);
        newIds.add(id);
        return id;
      },
      list: async () => [...voices.values()],
      put: async (_, voice) => {
        if (!newIds.has(voice.id) && !voices.has(voice.id)) return false;
        if (!this.#sessions.has(session)) return true;
        forget(session, voice.id);
        voices.set(voice.id, voice); // the last one is the one met last
        for (const id of [...voices.keys()].slice(0, -this.#maxVoices)) voices.delete(id);
        return true;
      },
      delete: async (_, id) => forget(session, id),
      adopt: (id) => void newIds.add(id),
      [Symbol.dispose]: () => {
        this.#sessions.delete(session);
        voices.clear();
      },
    };
  }

  #nowhere(): StrangersOfSession & Disposable {
    return {
      newId: (tenantId) => this.#store.newId(tenantId),
      list: async () => [],
      put: async () => true,
      delete: async () => false,
      adopt() {},
      [Symbol.dispose]() {},
    };
  }
}

function forget({ voices, newIds }: RunningSession, id: string): boolean {
  newIds.delete(id);
  return voices.delete(id);
}
