import { randomUUID } from 'node:crypto';
import type { AudioFrame, SampleSpan } from '../../core/audioFrame.js';
import { asVoicePrintsError, VoicePrintsError } from '../../core/errors.js';
import type { EnrollResult, FalseAcceptPercent } from '../../core/identification.js';
import type { LiveEvent, LiveItem } from '../../core/live.js';
import { samplesOfMs, secondsOfSamples } from '../../core/time.js';
import { UNCALIBRATED } from '../../identity/calibration.js';
import type { LiveChange } from '../../identity/live/liveChange.js';
import { LiveTurns } from '../../identity/live/liveTurns.js';
import type { LiveWindow } from '../../identity/live/liveVoice.js';
import type { SpeakerModel } from '../../inference/speakerModel.js';
import { abortable, untilAborted } from '../../stream/abortable.js';
import { BandwidthProbe } from '../bandwidthProbe.js';
import type { Compute } from '../compute.js';
import type { EnrollUnknownRequest, LiveSession, WatchRequest } from '../engine.js';
import { oneWindow } from '../speechOf.js';
import type { LiveBatches } from './liveBatches.js';
import { LiveEar } from './liveEar.js';
import { liveEventsOf } from './liveEvents.js';
import type { LiveGallery } from './liveGallery.js';
import { LIVE_WINDOW_PLAN, LiveWindows, type PlannedWindow } from './liveWindows.js';

/** What one session shares with the others of its engine. */
export interface WatchDependencies {
  readonly model: SpeakerModel;
  readonly openNetworks: () => Promise<{ readonly compute: Compute; readonly batches: LiveBatches }>;
  readonly gallery: LiveGallery;
  readonly falseAcceptPercent: FalseAcceptPercent;
  readonly nowMs: () => number;
  /** Aborts when the engine closes. */
  readonly closing: AbortSignal;
  readonly onEnded: () => void;
}

/** Hops of 32 ms that are looked at together. */
const PIECE_HOPS = 4;
/** Shorter gaps (lost packets) are filled with silence; longer ones end what is being said. */
const LONGEST_FILLED_SAMPLES = samplesOfMs(200);
/** Speech after which its bandwidth is measured. */
const PROBE_MS = 3_000;

/** See LiveSession. */
export class WatchSession implements LiveSession {
  readonly sessionId: string;
  readonly site: string | undefined;
  readonly #request: WatchRequest;
  readonly #dependencies: WatchDependencies;
  readonly #ending = new AbortController();
  /** Aborts when the session, its caller or the engine ends. */
  readonly #signal: AbortSignal;
  readonly #turns: LiveTurns;
  #names: ReadonlyMap<string, string> = new Map();
  #reader: AsyncGenerator<LiveEvent> | undefined;
  #ear: LiveEar | undefined;
  #windows = new LiveWindows();
  #probe: BandwidthProbe | undefined = new BandwidthProbe();
  #probedMs = 0;

  constructor(request: WatchRequest, dependencies: WatchDependencies) {
    this.sessionId = request.sessionId ?? randomUUID();
    this.site = request.site;
    this.#request = request;
    this.#dependencies = dependencies;
    const signals = [this.#ending.signal, dependencies.closing, ...(request.signal ? [request.signal] : [])];
    this.#signal = AbortSignal.any(signals);
    let turns = 0;
    let unknowns = 0;
    this.#turns = new LiveTurns({
      calibration: dependencies.model.calibration ?? UNCALIBRATED,
      falseAcceptPercent: request.falseAcceptPercent ?? dependencies.falseAcceptPercent,
      newTurnId: () => `${this.sessionId}-${++turns}`,
      newCluster: () => `unknown-${++unknowns}`,
    });
  }

  events(): AsyncGenerator<LiveEvent> {
    if (this.#reader) throw new VoicePrintsError('INPUT_INVALID', 'the events of a session have one reader; use it');
    this.#reader = this.#listen();
    return this.#reader;
  }

  enrollUnknown(_request: EnrollUnknownRequest): Promise<EnrollResult> {
    return Promise.reject(new VoicePrintsError('INTERNAL', 'not yet'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#reader?.return(undefined);
    this.#dependencies.onEnded();
  }

  async *#listen(): AsyncGenerator<LiveEvent> {
    const { closing } = this.#dependencies;
    const { signal: asked, audio } = this.#request;
    try {
      const { voices, names } = await this.#dependencies.gallery.open();
      this.#names = names;
      this.#turns.setEnrolled(voices);
      for await (const item of untilAborted(audio, this.#signal)) yield* this.#take(item);
      yield* this.#endRun();
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      if (closing.aborted) throw new VoicePrintsError('ENGINE_CLOSED', 'the engine was closed; open it again');
      if (asked?.aborted) throw new VoicePrintsError('ABORTED', 'the work was stopped before it ended');
      throw asVoicePrintsError(error);
    } finally {
      this.#dependencies.onEnded();
    }
  }

  async *#take(item: LiveItem): AsyncGenerator<LiveEvent> {
    const timestampMs = this.#dependencies.nowMs();
    if (item.type === 'audio') yield* this.#hear(item.frame);
    else if (item.type === 'dropped') yield { type: 'dropped', seconds: secondsOfSamples(item.samples), timestampMs };
    else {
      if (item.state.status !== 'open') yield* this.#endRun();
      yield { type: 'state', state: item.state, timestampMs };
    }
  }

  async *#hear({ samples, startSample }: AudioFrame): AsyncGenerator<LiveEvent> {
    const gap = this.#ear ? startSample - this.#ear.endSample : 0;
    if (gap < 0 || gap > LONGEST_FILLED_SAMPLES) yield* this.#endRun();
    else if (gap > 0) this.#ear?.append(new Float32Array(gap));
    this.#ear ??= new LiveEar(startSample);
    this.#ear.append(samples);
    while (this.#ear && this.#ear.waitingHops >= PIECE_HOPS) yield* this.#look(this.#ear, PIECE_HOPS);
  }

  /** Looks at a piece, embeds what is due, and tells what came of it. */
  async *#look(ear: LiveEar, hops: number): AsyncGenerator<LiveEvent> {
    const { batches } = await this.#dependencies.openNetworks();
    const ended = ear.hear(await abortable(batches.detectSpeech(ear.piece(hops)), this.#signal));
    for (const span of ended) yield* this.#endSpeech(ear, span);
    const span = ear.openSpan;
    if (span) {
      const due = this.#windows.due(span);
      if (due.length > 0) {
        yield* this.#refresh();
        yield* this.#told(this.#turns.hear(span, await this.#embedded(ear, due)));
      }
    }
    ear.forget(samplesOfMs(LIVE_WINDOW_PLAN.windowMs));
  }

  async *#endSpeech(ear: LiveEar, span: SampleSpan): AsyncGenerator<LiveEvent> {
    const due = this.#windows.rest(span);
    this.#windows = new LiveWindows();
    yield* this.#refresh();
    yield* this.#told(this.#turns.end(span, await this.#embedded(ear, due)));
  }

  /** Ends an unbroken run of audio: what comes next has nothing to do with what is being said. */
  async *#endRun(): AsyncGenerator<LiveEvent> {
    const ear = this.#ear;
    this.#ear = undefined;
    if (!ear) return;
    if (ear.waitingHops > 0) yield* this.#look(ear, ear.waitingHops);
    for (const span of ear.flush()) yield* this.#endSpeech(ear, span);
  }

  async #embedded(ear: LiveEar, planned: readonly PlannedWindow[]): Promise<LiveWindow[]> {
    if (planned.length === 0) return [];
    const { batches, compute } = await this.#dependencies.openNetworks();
    const audio = planned.map((span) => ear.audio(span));
    await this.#probeBandwidth(compute, audio.at(-1)!);
    const embeddings = await abortable(batches.embed(audio.map(oneWindow)), this.#signal);
    return planned.map((span, i) => ({ ...span, embedding: embeddings[i]! }));
  }

  async #probeBandwidth(compute: Compute, samples: Float32Array): Promise<void> {
    const known = this.#request.isNarrowBand ?? this.#request.audio.isNarrowBand;
    if (known !== undefined) this.#turns.isNarrowBand = known;
    if (known !== undefined || !this.#probe) return;
    this.#probe.add(samples);
    this.#probedMs += samples.length / 16;
    if (this.#probedMs < PROBE_MS) return;
    const probe = this.#probe;
    this.#probe = undefined;
    this.#turns.isNarrowBand = await probe.isNarrowBand(compute, this.#signal);
  }

  async *#refresh(): AsyncGenerator<LiveEvent> {
    const changed = await this.#dependencies.gallery.changed();
    if (!changed) return;
    this.#names = changed.names;
    yield* this.#told(this.#turns.setEnrolled(changed.voices));
  }

  *#told(changes: readonly LiveChange[]): Generator<LiveEvent> {
    yield* liveEventsOf(changes, { names: this.#names, timestampMs: this.#dependencies.nowMs() });
  }
}
