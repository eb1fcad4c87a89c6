import { VoicePrintsError } from '../../core/errors.js';

/** Calls of a store over a database: closing waits for those under way and refuses later ones. */
export class OpenCalls {
  readonly #underWay = new Set<Promise<unknown>>();
  #isClosed = false;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Throws REGISTRY_UNAVAILABLE after the end. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) {
      throw new VoicePrintsError('REGISTRY_UNAVAILABLE', 'the voiceprint store was closed; open it again');
    }
    const call = work();
    this.#underWay.add(call);
    try {
      return await call;
    } finally {
      this.#underWay.delete(call);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#underWay);
  }
}
