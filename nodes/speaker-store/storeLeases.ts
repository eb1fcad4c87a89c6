import { lazy } from '../../src/core/lazy.js';
import { type Engine, VoicePrintsError } from '../../src/index.js';
import type { SharedPlaces } from '../../src/sources/openPlaces.js';
import type { SourceClaim, SourcePlaces } from '../../src/sources/sourcePlaces.js';

/** How long nodes may take to stop listening before their leases are given back all the same. */
const LONGEST_STOP_MS = 5_000;

export interface StoreLeasesOptions {
  readonly engine: () => Promise<Engine>;
  /** The database does not answer. */
  readonly onFault: (message: string) => void;
}

/** Which live sources of this Node-RED are its own, where several share the database of a store. */
export class StoreLeases {
  readonly #options: StoreLeasesOptions;
  readonly #opened = lazy(() => this.#open());
  readonly #claims = new Map<string, SourceClaim>();
  #onIdle: () => void = () => undefined;

  constructor(options: StoreLeasesOptions) {
    this.#options = options;
  }

  /** Throws CONFIG_INVALID where the store has no database, and what the opening of the store throws. */
  async places(): Promise<SourcePlaces> {
    const places = await this.#opened.get();
    return {
      claim: (source, onChange) => {
        if (this.#claims.has(source.name)) {
          const message = `there are two shared audio sources named ${source.name}; give each a name of its own`;
          throw new VoicePrintsError('CONFIG_INVALID', message);
        }
        const claim = places.claim(source, onChange);
        this.#claims.set(source.name, claim);
        return claim;
      },
      drop: (claim) => {
        places.drop(claim);
        for (const [name, known] of this.#claims) if (known === claim) this.#claims.delete(name);
        if (this.#claims.size === 0) this.#onIdle();
      },
    };
  }

  /** Waits for the nodes that still listen: they stop together with the store. */
  async close(): Promise<void> {
    const places = await this.#opened.opened();
    if (!places) return;
    if (this.#claims.size > 0) {
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, LONGEST_STOP_MS);
        this.#onIdle = () => {
          clearTimeout(late);
          resolve();
        };
      });
    }
    await places[Symbol.asyncDispose]();
  }

  async #open(): Promise<SharedPlaces> {
    const engine = await this.#options.engine();
    const { databaseUrl } = engine.place;
    if (databaseUrl === undefined) {
      const message =
        'several Node-REDs can share a source only where their store is a database; enter its address in the store';
      throw new VoicePrintsError('CONFIG_INVALID', message);
    }
    const { openPlaces } = await import('../../src/sources/openPlaces.js');
    return openPlaces({
      ...{ databaseUrl, engine, roles: ['node-red'], prefix: 'node-red/' },
      onFault: (fault) => {
        if (fault) this.#options.onFault(fault.message);
      },
    });
  }
}
