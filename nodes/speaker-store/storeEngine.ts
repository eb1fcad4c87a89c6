import { lazy } from '../../src/core/lazy.js';
import {
  asVoicePrintsError,
  type Engine,
  type ErrorCode,
  type RuntimeReport,
  VoicePrintsError,
} from '../../src/index.js';

/** How far a store is, as the badges of its users show it. */
export type StorePhase =
  | { readonly is: 'closed' | 'opening' | 'trying' }
  | { readonly is: 'ready'; readonly runtime: RuntimeReport['runtime'] }
  | { readonly is: 'failed'; readonly code: ErrorCode };

export interface StoreEngineOptions {
  readonly open: () => Promise<Engine>;
  readonly onPhase: (phase: StorePhase) => void;
  readonly onTried: (failure: Error | undefined, engine: Engine) => void;
}

/** The one engine of a store: opened on first use, tried again after a failure, closed once. Ready once its models have answered. */
export class StoreEngine {
  phase: StorePhase = { is: 'closed' };
  readonly #open: () => Promise<Engine>;
  readonly #onPhase: (phase: StorePhase) => void;
  readonly #onTried: (failure: Error | undefined, engine: Engine) => void;
  readonly #engine = lazy(() => this.#start());
  #isClosing = false;

  /** `onTried` gets the failure of the models, or undefined once all of them have answered. */
  constructor({ open, onPhase, onTried }: StoreEngineOptions) {
    this.#open = open;
    this.#onPhase = onPhase;
    this.#onTried = onTried;
  }

  get isAsked(): boolean {
    return this.#engine.isAsked || this.#isClosing;
  }

  /** Rejects with the reason why it cannot open; ENGINE_CLOSED after `close`. */
  engine(): Promise<Engine> {
    if (this.#isClosing) {
      return Promise.reject(new VoicePrintsError('ENGINE_CLOSED', 'the flows are being stopped; send it again'));
    }
    return this.#engine.get();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const engine = await this.#engine.opened();
    await engine?.[Symbol.asyncDispose]();
  }

  async #start(): Promise<Engine> {
    this.#enter({ is: 'opening' });
    try {
      const engine = await this.#open();
      void this.#try(engine);
      return engine;
    } catch (thrown) {
      const failure = asVoicePrintsError(thrown);
      this.#enter({ is: 'failed', code: failure.code });
      throw failure;
    }
  }

  /** Beside whoever waits for the engine: a first message need not wait for this. Never rejects. */
  async #try(engine: Engine): Promise<void> {
    this.#enter({ is: 'trying' });
    try {
      const { runtime } = await engine.tryModels();
      this.#enter({ is: 'ready', runtime });
      this.#onTried(undefined, engine);
    } catch (thrown) {
      const failure = asVoicePrintsError(thrown);
      if (this.#isClosing) return;
      this.#enter({ is: 'failed', code: failure.code });
      this.#onTried(failure, engine);
    }
  }

  #enter(phase: StorePhase): void {
    this.phase = phase;
    if (!this.#isClosing) this.#onPhase(phase);
  }
}
