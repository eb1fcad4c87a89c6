import { lazy } from '../../src/core/lazy.js';
import { asVoicePrintsError, type Engine, type ErrorCode, VoicePrintsError } from '../../src/index.js';

/** How far a store is, as the badges of its users show it. */
export type StorePhase =
  | { readonly is: 'closed' | 'loading' | 'ready' }
  | { readonly is: 'failed'; readonly code: ErrorCode };

/** The one engine of a store: opened on first use, tried again after a failure, closed once. */
export class StoreEngine {
  phase: StorePhase = { is: 'closed' };
  readonly #open: () => Promise<Engine>;
  readonly #onPhase: (phase: StorePhase) => void;
  readonly #engine = lazy(() => this.#start());
  #isClosing = false;

  constructor(open: () => Promise<Engine>, onPhase: (phase: StorePhase) => void) {
    this.#open = open;
    this.#onPhase = onPhase;
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
    this.#enter({ is: 'loading' });
    try {
      const engine = await this.#open();
      this.#enter({ is: 'ready' });
      return engine;
    } catch (thrown) {
      const failure = asVoicePrintsError(thrown);
      this.#enter({ is: 'failed', code: failure.code });
      throw failure;
    }
  }

  #enter(phase: StorePhase): void {
    this.phase = phase;
    if (!this.#isClosing) this.#onPhase(phase);
  }
}
