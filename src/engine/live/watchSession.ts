import type { AudioFrame, SampleSpan } from '../../core/audioFrame.js';
import type { Actor } from '../../core/audit.js';
import { aborted, asVoicePrintsError, VoicePrintsError } from '../../core/errors.js';
import type { EnrollResult, FalseAcceptPercent } from '../../core/identification.js';
import type { LiveEvent, LiveItem } from '../../core/live.js';
import { msOfSamples, samplesOfMs, secondsOfSamples } from '../../core/time.js';
import { abortable, untilAborted } from '../../stream/abortable.js';
import type { AuditNotes } from '../auditNotes.js';
import type { CallOptions } from '../requests/callOptions.js';
import type { EnrollUnknownRequest } from '../requests/enrollRequest.js';
import type { LiveSession, WatchRequest } from '../requests/liveSession.js';
import type { SettledSession, TakenState } from '../requests/sessionKeeping.js';
import { galleryWarnings } from '../voiceprints/galleryWarnings.js';
import { decodeKeptSession, encodeKeptSession } from './keptSession.js';
import { LiveDetector } from './liveDetector.js';
import { LiveOverlap } from './liveOverlap.js';
import { LivePace } from './livePace.js';
import { type LiveNetworks, LiveSpeech } from './liveSpeech.js';
import { LiveVoices, type LiveVoicesOptions } from './liveVoices.js';
import { LIVE_WINDOW_PLAN, LiveWindows, type PlannedWindow } from './liveWindows.js';

/** What one session shares with the others of its engine. */
export interface WatchDependencies extends Omit<LiveVoicesOptions, 'speakerIds' | 'isOverlap'> {
  /** Of the session's tenant. */
  readonly notesOf: (actor?: Actor) => AuditNotes;
  readonly openNetworks: () => Promise<LiveNetworks>;
  readonly falseAcceptPercent: FalseAcceptPercent;
  /** Aborts when the engine closes. */
  readonly closing: AbortSignal;
  readonly onEnded: () => void;
}

/** Hops of 32 ms in a block; more of them while processing lags behind the stream. */
const BLOCK_HOPS = 4;
const LATE_BLOCK_HOPS = 12;
/** Shorter gaps (lost packets) are filled with silence; longer ones end the segment of speech. */
const LONGEST_FILLED_SAMPLES = samplesOfMs(200);

/** Where a session goes on in the middle of speech, the detector needs a few hops until it finds it. */
const RUN_UP_SAMPLES = samplesOfMs(160);

/** See LiveSession. */
export class WatchSession implements LiveSession, SettledSession {
  readonly sessionId: string;
  readonly site: string | undefined;
  readonly tenantId: string;
  readonly #request: WatchRequest;
  readonly #dependencies: WatchDependencies;
  readonly #ending = new AbortController();
  /** Aborts when the session, its caller or the engine ends. */
  readonly #signal: AbortSignal;
  readonly #voices: LiveVoices;
  readonly #speech: LiveSpeech;
  readonly #overlap = new LiveOverlap();
  readonly #pace = new LivePace();
  #reader: AsyncGenerator<LiveEvent> | undefined;
  #detector: LiveDetector | undefined;
  #windows = new LiveWindows();
  /** Everything before it is in the events so far, and in what was learnt. */
  #settledSample = 0;
  #isSettled = false;

  constructor(request: WatchRequest, dependencies: WatchDependencies) {
    this.sessionId = dependencies.sessionId;
    this.site = request.site;
    this.tenantId = dependencies.tenantId;
    this.#request = request;
    this.#dependencies = dependencies;
    const signals = [this.#ending.signal, dependencies.closing, ...(request.signal ? [request.signal] : [])];
    this.#signal = AbortSignal.any(signals);
    this.#voices = new LiveVoices({
      ...dependencies,
      speakerIds: request.speakerIds,
      falseAcceptPercent: request.falseAcceptPercent ?? dependencies.falseAcceptPercent,
      isOverlap: (span) => this.#overlap.isIn(span),
    });
    this.#speech = new LiveSpeech({
      openNetworks: dependencies.openNetworks,
      signal: this.#signal,
      isNarrowBand: () => request.isNarrowBand ?? request.audio.isNarrowBand,
    });
  }

  events(): AsyncGenerator<LiveEvent> {
    if (this.#reader)
      throw new VoicePrintsError('INPUT_INVALID', 'the events of a session can be read once; use the first reader');
    this.#reader = this.#listen();
    return this.#reader;
  }

  enrollUnknown(request: EnrollUnknownRequest, { actor }: Pick<CallOptions, 'actor'> = {}): Promise<EnrollResult> {
    const { speakerId, cluster } = request;
    const notes = this.#dependencies.notesOf(actor);
    return notes.enrolled({ action: 'enrol unknown', speakerIds: [speakerId], unknownId: cluster }, () =>
      this.#enrollUnknown({ ...request, recordedBy: notes.actorName }),
    );
  }

  async #enrollUnknown(request: EnrollUnknownRequest & { readonly recordedBy: string }): Promise<EnrollResult> {
    if (this.#dependencies.keeps !== 'none') return this.#voices.enrollUnknown(request);
    const message = 'nothing is kept of unknown voices (strangers: none), so none can be enrolled; enrol a recording';
    throw new VoicePrintsError('CLUSTER_NOT_FOUND', message);
  }

  /** See LiveVoices.bind. */
  bind(voice: number, speakerId: string | undefined): void {
    this.#voices.bind(voice, speakerId);
  }

  /** See LiveVoices.exclude. */
  exclude(voice: number, speakerId: string, isExcluded: boolean): void {
    this.#voices.exclude(voice, speakerId, isExcluded);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#reader?.return(undefined);
    this.#dependencies.onEnded();
  }

  async *#listen(): AsyncGenerator<LiveEvent> {
    try {
      const from = this.#earlierState();
      this.#settledSample = from?.sample ?? 0;
      const changes = await abortable(this.#voices.open(from?.voices), this.#signal);
      if (from) yield* this.#voices.eventsOf(changes);
      else yield* this.#galleryWarnings();
      await this.#speech.open();
      for await (const item of untilAborted(this.#request.audio, this.#signal)) yield* this.#take(item);
      yield* this.#endRun();
    } catch (error) {
      if (this.#dependencies.closing.aborted) throw closed();
      if (this.#ending.signal.aborted) return;
      if (this.#request.signal?.aborted) throw aborted();
      throw asVoicePrintsError(error);
    } finally {
      if (this.#dependencies.keeps !== 'days') this.#voices.forget();
      this.#dependencies.turns.end();
      this.#dependencies.onEnded();
    }
  }

  /** Warns where no enrolled person can be named, unless automatic re-embedding is about to change that. */
  async *#galleryWarnings(): AsyncGenerator<LiveEvent> {
    const { people, tenantId, nowMs } = this.#dependencies;
    if (this.#request.speakerIds?.length) return;
    const everybody = await people.now(tenantId);
    if (everybody.reembeddable > 0) return;
    for (const warning of galleryWarnings(everybody)) {
      yield { type: 'warning', warning, timestampMs: nowMs() };
    }
  }

  async *#take(item: LiveItem): AsyncGenerator<LiveEvent> {
    const timestampMs = this.#dependencies.nowMs();
    this.#isSettled = false;
    if (item.type === 'audio') yield* this.#detect(item.frame);
    else if (item.type === 'dropped') yield { type: 'dropped', seconds: secondsOfSamples(item.samples), timestampMs };
    else {
      if (item.state.status !== 'open') yield* this.#endRun();
      yield { type: 'state', state: item.state, timestampMs };
    }
    this.#settle();
  }

  #settle(): void {
    const settled = this.#detector?.settledSample ?? 0;
    const open = this.#voices.openSample ?? 0; // later than the segment where another voice has set in
    this.#settledSample = Math.max(this.#settledSample, settled, open - RUN_UP_SAMPLES);
    this.#isSettled = this.#voices.isSettled;
    if (this.#isSettled) this.#request.keeping?.onSettled(this);
  }

  /** See SettledSession. */
  take(knownRevision?: number): TakenState | undefined {
    if (!this.#isSettled || !this.#voices.isSettled) return undefined;
    const { model, keeps } = this.#dependencies;
    const { revision } = this.#voices;
    const sample = this.#settledSample;
    if (revision === knownRevision) return { sample, revision, bytes: undefined };
    const { turnIds, ...learnt } = this.#voices.state;
    const voices = keeps === 'none' ? { turnIds } : { turnIds, ...learnt };
    return { sample, revision, bytes: encodeKeptSession({ modelId: model.id, voices }) };
  }

  /** Undefined where the session begins here; voices of another model cannot be compared and are left out. */
  #earlierState() {
    const { keeping } = this.#request;
    if (!keeping?.from) return undefined;
    const { sample, bytes } = keeping.from;
    const kept = bytes && decodeKeptSession(bytes);
    const isSame = kept?.modelId === this.#dependencies.model.id;
    return { sample, voices: isSame ? kept.voices : { turnIds: kept?.voices.turnIds ?? 0 } };
  }

  async *#detect({ samples, startSample }: AudioFrame): AsyncGenerator<LiveEvent> {
    const gap = this.#detector ? startSample - this.#detector.endSample : 0;
    if (gap < 0 || gap > LONGEST_FILLED_SAMPLES) yield* this.#endRun();
    else if (gap > 0) this.#detector?.append(new Float32Array(gap));
    this.#detector ??= new LiveDetector(startSample);
    this.#detector.append(samples);
    const hops = this.#pace.level > 0 ? LATE_BLOCK_HOPS : BLOCK_HOPS;
    while (this.#detector && this.#detector.waitingHops >= hops) {
      yield* this.#look(this.#detector, hops);
      yield* this.#keepPace(this.#detector);
      this.#settle();
      this.#isSettled = false;
    }
  }

  *#keepPace(detector: LiveDetector): Generator<LiveEvent> {
    if (!this.#pace.worked(performance.now(), msOfSamples(detector.endSample))) return;
    yield { type: 'degraded', level: this.#pace.level, timestampMs: this.#dependencies.nowMs() };
  }

  /** Processes a block, embeds the windows that are due, and yields the events. */
  async *#look(detector: LiveDetector, hops: number): AsyncGenerator<LiveEvent> {
    for (const span of detector.take(await this.#speech.detect(detector.block(hops))))
      yield* this.#endSpeech(detector, span);
    const span = detector.openSpan;
    const due = span ? this.#windows.due(span, this.#hopFactor) : [];
    if (span && due.length > 0 && this.#overlap.isDue(span.endSample)) await this.#findOverlap(detector, span);
    if (span && due.length > 0)
      yield* this.#voices.update(
        { ...detector.heard(span), snrDb: detector.snrDb },
        await this.#embedded(detector, due),
      );
    else yield* this.#voices.idle();
    detector.forget(samplesOfMs(LIVE_WINDOW_PLAN.windowMs), this.#speech.lookBackSamples);
  }

  async *#endSpeech(detector: LiveDetector, span: SampleSpan): AsyncGenerator<LiveEvent> {
    const due = this.#windows.rest(span, this.#hopFactor);
    this.#windows = new LiveWindows();
    const speech = { ...detector.heard(span), snrDb: detector.snrDb };
    detector.endSegment();
    const [windows] = await Promise.all([this.#embedded(detector, due), this.#findOverlap(detector, span)]);
    yield* this.#voices.end(speech, windows);
  }

  /** Looks for overlap in the last seconds up to the end of a span. */
  async #findOverlap(detector: LiveDetector, { endSample }: SampleSpan): Promise<void> {
    if (this.#speech.lookBackSamples === 0) return;
    const looked = detector.before(endSample, this.#speech.lookBackSamples);
    const activity = await this.#speech.localVoices(detector.audio(looked));
    if (activity) this.#overlap.take(activity, looked);
  }

  /** Ends a continuous run of audio: what follows is not connected to it. */
  async *#endRun(): AsyncGenerator<LiveEvent> {
    const detector = this.#detector;
    this.#detector = undefined;
    this.#pace.restart();
    if (!detector) return;
    if (detector.waitingHops > 0) yield* this.#look(detector, detector.waitingHops);
    for (const span of detector.flush()) yield* this.#endSpeech(detector, span);
    this.#settledSample = Math.max(this.#settledSample, detector.endSample);
  }

  async #embedded(detector: LiveDetector, planned: readonly PlannedWindow[]) {
    const embeddings = await this.#speech.embed(planned.map((span) => detector.audio(span)));
    this.#voices.isNarrowBand = this.#speech.isNarrowBand;
    return planned.map((span, i) => ({ ...span, embedding: embeddings[i]! }));
  }

  get #hopFactor(): number {
    return 2 ** this.#pace.level;
  }
}

const closed = () => new VoicePrintsError('ENGINE_CLOSED', 'the engine was closed; open it again');
