import { type EventContext, liveSpeakerEvent, type SpeakerEvent } from '../../src/events/index.js';
import {
  asVoicePrintsError,
  type Engine,
  type LiveSession,
  type VoicePrintsError,
  type WatchRequest,
} from '../../src/index.js';
import { PushedAudio, type StreamState } from '../../src/live.js';
import type { LiveDescription } from '../shared/liveMessages.js';

/** A stream without a message for this long has ended: its sender disappeared. */
const IDLE_MS = 120_000;
const SAMPLES_PER_MS = 16;

/** What is known of a stream at its first message. */
export interface StreamRequest {
  readonly site: string;
  readonly format: Partial<LiveDescription>;
  readonly engine: () => Promise<Engine>;
  readonly watch: Pick<WatchRequest, 'speakerIds' | 'falseAcceptPercent' | 'strangers'>;
  readonly onEvent: (event: SpeakerEvent, session: LiveSession) => void;
  readonly onFailure: (failure: VoicePrintsError) => void;
}

/** One stream that is listened to: audio in by messages, events out, until its end, `end`, or a long silence of messages. */
export class ListenedStream {
  readonly site: string;
  /** Resolves when its last event was emitted. */
  readonly ended: Promise<void>;
  /** While it is listened to. */
  session: LiveSession | undefined;
  readonly #request: StreamRequest;
  readonly #audio: PushedAudio;
  readonly #stopping = new AbortController();
  #nextSample: number;
  #idle: NodeJS.Timeout | undefined;

  constructor(request: StreamRequest) {
    const { encoding, sampleRateHz, channels, startSample = 0 } = request.format;
    this.#request = request;
    this.site = request.site;
    this.#nextSample = startSample;
    this.#audio = new PushedAudio({
      ...(encoding && { encoding }),
      ...(sampleRateHz && { sampleRateHz }),
      ...(channels && { channels }),
    });
    this.ended = this.#run();
  }

  /** The next bytes; a jump of `startSample` is a gap. Throws what PushedAudio.push throws. */
  push(bytes: Uint8Array, startSample: number | undefined): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#audio.end(), IDLE_MS);
    if (startSample !== undefined) {
      const missing = startSample - this.#nextSample;
      if (missing > 0) this.#audio.gap(missing / SAMPLES_PER_MS);
      this.#nextSample = startSample + bytes.length / 2;
    }
    this.#audio.push(bytes);
  }

  /** The state of the stream as its source reports it: turns before a loss are emitted at once. */
  tell(state: StreamState): void {
    if (state.status !== 'ended') this.#audio.pushState(state);
  }

  /** Received audio is still processed. */
  end(): void {
    clearTimeout(this.#idle);
    this.#audio.end();
  }

  /** At once. */
  stop(): void {
    this.end();
    this.#stopping.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      const engine = await this.#request.engine();
      if (signal.aborted) return;
      await this.#listen(engine, signal);
    } catch (thrown) {
      if (!signal.aborted) this.#request.onFailure(asVoicePrintsError(thrown));
    } finally {
      this.session = undefined;
      this.end();
    }
  }

  async #listen(engine: Engine, signal: AbortSignal): Promise<void> {
    const { site, format, watch, onEvent } = this.#request;
    const bandwidth = typeof format.isNarrowBand === 'boolean' ? { isNarrowBand: format.isNarrowBand } : {};
    await using session = engine.watch({ audio: this.#audio, site, ...watch, ...bandwidth, signal });
    this.session = session;
    const threshold = engine.acceptScore(watch.falseAcceptPercent);
    const context: EventContext = { site, sessionId: session.sessionId, model: engine.model.id, threshold };
    for await (const event of session.events()) {
      onEvent(liveSpeakerEvent(event, context), session);
    }
  }
}
