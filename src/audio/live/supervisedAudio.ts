import { setTimeout as sleep } from 'node:timers/promises';
import { type ReconnectConfig, reconnectMs } from '../../core/backoff.js';
import { asVoicePrintsError, type VoicePrintsError } from '../../core/errors.js';
import type { LiveAudio, LiveFormat, LiveItem } from '../../core/live.js';
import type { LiveConnection } from './liveConnection.js';
import { isFinal, isSlow } from './liveErrors.js';
import { LiveItems } from './liveItems.js';
import { StreamTimeline } from './streamTimeline.js';
import { watched } from './watchdog.js';

export interface SupervisionConfig {
  readonly backoff: ReconnectConfig;
  /** A connection that held this long was a good one: the next failure counts as the first. */
  readonly stableMs: number;
  /** Audio held at most for a listener that is slow. */
  readonly bufferMs: number;
  /** Instead of the connection's own patience. */
  readonly stallMs: number | undefined;
}

/** A supervised source: reconnects without limit, unless it has ended or cannot recover. Never throws. */
export class SupervisedAudio implements LiveAudio {
  readonly #connection: LiveConnection;
  readonly #config: SupervisionConfig;
  readonly #signal: AbortSignal;
  readonly #items: LiveItems;
  readonly #timeline = new StreamTimeline();
  /** When the current connection gave its first audio, by `nowMs`. */
  #openedAtMs: number | undefined;

  constructor(connection: LiveConnection, config: SupervisionConfig, signal: AbortSignal) {
    this.#connection = connection;
    this.#config = config;
    this.#signal = signal;
    this.#items = new LiveItems(config.bufferMs);
  }

  get startedAtMs(): number | undefined {
    const started = this.#timeline.startedAtMs;
    return started === undefined ? undefined : Math.round(started + Date.now() - nowMs());
  }

  get isNarrowBand(): boolean | undefined {
    return this.#connection.isNarrowBand;
  }

  get format(): LiveFormat | undefined {
    return this.#connection.format;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LiveItem> {
    const left = new AbortController();
    const running = this.#run(AbortSignal.any([this.#signal, left.signal])).finally(() => this.#items.close());
    try {
      yield* this.#items;
    } finally {
      left.abort();
      await running;
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; ; ) {
      if (signal.aborted) return this.#items.pushState({ status: 'ended' });
      this.#items.pushState({ status: 'connecting' });
      const error = await this.#attempt(signal);
      if (!error || signal.aborted) return this.#items.pushState({ status: 'ended' });
      const { code, message } = error;
      if (this.#connection.failsForGood || isFinal(error))
        return this.#items.pushState({ status: 'ended', code, message });
      failures = this.#wasStable() ? 1 : failures + 1;
      const retryInMs = reconnectMs(this.#config.backoff, failures, isSlow(error));
      this.#items.pushState({ status: 'retrying', code, message, retryInMs, attempt: failures });
      await sleep(retryInMs, undefined, { signal, ref: true }).catch(() => undefined); // aborted: seen above
    }
  }

  /** @returns why the source was lost; undefined where it is over */
  async #attempt(signal: AbortSignal): Promise<VoicePrintsError | undefined> {
    const stop = new AbortController();
    const onAbort = () => stop.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#timeline.reconnected();
    this.#openedAtMs = undefined;
    try {
      const { firstDataMs, stallMs } = this.#connection;
      const patience = { firstDataMs, stallMs: this.#config.stallMs ?? stallMs };
      for await (const piece of watched(this.#connection.connect(stop.signal), patience, stop)) {
        if (piece.samples.length === 0) continue;
        if (this.#openedAtMs === undefined) {
          this.#openedAtMs = nowMs();
          this.#items.pushState({ status: 'open' });
        }
        const placed = this.#timeline.place(piece, nowMs());
        if (placed) this.#items.push(placed.samples, placed.startSample);
      }
      return undefined;
    } catch (thrown) {
      return asVoicePrintsError(thrown);
    } finally {
      this.#items.flush();
      stop.abort(); // whatever of the attempt still runs has no listener any more
      signal.removeEventListener('abort', onAbort);
    }
  }

  #wasStable(): boolean {
    return this.#openedAtMs !== undefined && nowMs() - this.#openedAtMs >= this.#config.stableMs;
  }
}

/** Milliseconds since 1970 by a clock that never jumps. */
const nowMs = (): number => performance.timeOrigin + performance.now();
