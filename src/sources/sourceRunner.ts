import { setTimeout as sleep } from 'node:timers/promises';
import { RECONNECT, type ReconnectConfig, reconnectMs } from '../core/backoff.js';
import { asVoicePrintsError, type VoicePrintsError } from '../core/errors.js';
import type { LiveAudio, StreamState } from '../core/live.js';
import { present } from '../core/present.js';
import type { Engine } from '../engine/engine.js';
import type { LiveSession } from '../engine/requests/liveSession.js';
import { liveSpeakerEvent, type SpeakerEvent } from '../events/index.js';
import type { SourceSpec } from './sourceSpec.js';

/** How long the last turns may take once the audio has ended. */
const LAST_TURNS_MS = 5_000;
/** A session that ran this long was a good one: the next failure counts as the first. */
const STABLE_MS = 30_000;

/** Receives what a source delivers. */
export interface SourceSink {
  opened(session: LiveSession, engine: Engine): void;
  event(event: SpeakerEvent, session: LiveSession | undefined): void;
  closed(session: LiveSession): void;
}

export interface SourceRunnerOptions {
  readonly spec: SourceSpec;
  readonly engine: () => Promise<Engine>;
  readonly openAudio: (signal: AbortSignal) => LiveAudio;
  readonly sink: SourceSink;
  readonly backoff?: Partial<ReconnectConfig> | undefined;
}

/** A failure of one try, or undefined where the source is over: a file that was played to its end. */
type Outcome = { readonly code: VoicePrintsError['code']; readonly message: string } | undefined;

/**
 * One source for as long as it is on: a live session, begun again after each failure. Connections that break are the source's own
 * to mend (SupervisedAudio); here end what it cannot mend, and faults of the store or the networks. Never throws.
 */
export class SourceRunner {
  readonly #options: SourceRunnerOptions;
  readonly #backoff: ReconnectConfig;
  readonly #stopping = new AbortController();
  readonly #killing = new AbortController();
  readonly #running: Promise<void>;

  /** True once nothing more comes: a file was played to its end. */
  isOver = false;

  constructor(options: SourceRunnerOptions) {
    this.#options = options;
    this.#backoff = { ...RECONNECT, ...options.backoff };
    this.#running = this.#run().finally(() => {
      this.isOver = true;
    });
  }

  /** Ends the audio; resolves once the last turns are emitted, or after some time without them. */
  async stop(lastTurnsMs = LAST_TURNS_MS): Promise<void> {
    this.#stopping.abort();
    const late = setTimeout(() => this.#killing.abort(), lastTurnsMs);
    await this.#running;
    clearTimeout(late);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted; ) {
      const beganAtMs = performance.now();
      const failure = await this.#attempt();
      if (failure === undefined || signal.aborted) return;
      failures = performance.now() - beganAtMs > STABLE_MS ? 1 : failures + 1;
      const retryInMs = reconnectMs(this.#backoff, failures, false);
      this.#tell({ status: 'retrying', ...failure, retryInMs, attempt: failures });
      await sleep(retryInMs, undefined, { signal }).catch(() => undefined); // stopped: seen above
    }
  }

  async #attempt(): Promise<Outcome> {
    const { spec, engine: openEngine, openAudio, sink } = this.#options;
    let last: StreamState | undefined;
    try {
      const engine = await openEngine();
      if (this.#stopping.signal.aborted) return undefined;
      await using session = engine.watch({
        audio: openAudio(this.#stopping.signal),
        site: spec.site,
        signal: this.#killing.signal,
        ...present({ speakerIds: spec.speakerIds, falseAcceptPercent: spec.falseAcceptPercent }),
      });
      const threshold = engine.acceptScore(spec.falseAcceptPercent);
      const context = { site: spec.site, sessionId: session.sessionId, model: engine.model.id, threshold };
      sink.opened(session, engine);
      try {
        for await (const event of session.events()) {
          if (event.type === 'state') last = event.state;
          // Of an end with a failure, `retrying` tells.
          if (event.type === 'state' && event.state.status === 'ended' && event.state.code !== undefined) continue;
          sink.event(liveSpeakerEvent(event, context), session);
        }
      } finally {
        sink.closed(session);
      }
      if (last?.status !== 'ended' || last.code === undefined) return undefined;
      return { code: last.code, message: last.message ?? 'the source ended with an error; check it' };
    } catch (thrown) {
      const { code, message } = asVoicePrintsError(thrown);
      return { code, message };
    }
  }

  /** A state that no session tells. */
  #tell(state: StreamState): void {
    const { spec, sink } = this.#options;
    const context = { site: spec.site, sessionId: spec.id, model: '', threshold: 0 };
    sink.event(liveSpeakerEvent({ type: 'state', state, timestampMs: Date.now() }, context), undefined);
  }
}
