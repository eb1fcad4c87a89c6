import type { SampleSpan } from '../../core/audioFrame.js';
import { asVoicePrintsError, VoicePrintsError } from '../../core/errors.js';
import type { EnrollResult, FalseAcceptPercent } from '../../core/identification.js';
import type { LiveEvent } from '../../core/live.js';
import { inSlices, type Steps } from '../../core/steps.js';
import type { StrangersPolicy } from '../../core/strangers.js';
import { UNCALIBRATED } from '../../identity/calibration.js';
import type { LiveChange, VoiceSnapshot } from '../../identity/live/liveChange.js';
import { LiveTurns, type SpeechSpan } from '../../identity/live/liveTurns.js';
import type { LiveTurnsState } from '../../identity/live/sessionState.js';
import type { LiveWindow } from '../../identity/live/voiceSum.js';
import type { EnrollUnknownRequest } from '../requests/enrollRequest.js';
import type { SessionTurns } from '../turns/sessionTurns.js';
import type { Nameable, Names } from '../voiceprints/nameable.js';
import { isOfUnknown, liveEventOf } from './liveEvents.js';
import { LiveGallery } from './liveGallery.js';
import { type KeptId, LiveUnknowns, type LiveUnknownsOptions } from './liveUnknowns.js';
import type { SharedPeople } from './sharedPeople.js';

export interface LiveVoicesOptions extends LiveUnknownsOptions {
  readonly people: SharedPeople;
  readonly sessionId: string;
  readonly speakerIds: readonly string[] | undefined;
  readonly falseAcceptPercent: FalseAcceptPercent;
  /** True where several people speak at once in a part of the stream. */
  readonly isOverlap: (span: SampleSpan) => boolean;
  /** Remembers the turns, so that people can correct them. */
  readonly turns: SessionTurns;
  /** What is kept of unknown voices. */
  readonly keeps: StrangersPolicy['keeps'];
}

/** What a session has learnt of its voices, but for the turn that is still spoken. */
export interface LiveVoicesState {
  /** Turns that were given ids. */
  readonly turnIds: number;
  readonly turns: LiveTurnsState;
  readonly bound: readonly (readonly [number, string])[];
  readonly unknownIds: readonly KeptId[];
  readonly isNarrowBand: boolean;
}

/** Turns of one session with the names of people and the ids of unknown voices. */
export class LiveVoices {
  readonly #options: LiveVoicesOptions;
  #turns: LiveTurns;
  readonly #gallery: LiveGallery;
  #unknowns: LiveUnknowns;
  #names: Names = new Map();
  /** Voices of which a person said whose they are. */
  readonly #bound = new Map<number, string>();
  /** True while the store fails; live streams continue with the data read before. */
  #isInTrouble = false;
  readonly #troubles: LiveEvent[] = [];
  /** What people said of voices since the last events. */
  #said: (() => Steps<LiveChange[]>)[] = [];
  #turnIds = 0;
  #revision = 0;

  constructor(options: LiveVoicesOptions) {
    this.#options = options;
    this.#gallery = new LiveGallery({ ...options, modelId: options.model.id });
    this.#unknowns = new LiveUnknowns(options);
    this.#turns = this.#newTurns();
  }

  /** Drops everything that was learnt of the voices of this session. Call it after its last turn. */
  forget(): void {
    this.#unknowns = new LiveUnknowns(this.#options);
    this.#turns = this.#newTurns();
    this.#said = [];
  }

  /**
   * Returns what changes for turns of `from`, the state of the session in another process, by who is enrolled now.
   * Throws SPEAKER_NOT_FOUND, SPEAKER_INCOMPLETE.
   */
  async open(from?: Partial<LiveVoicesState>): Promise<LiveChange[]> {
    this.#turnIds = from?.turnIds ?? 0;
    if (from?.turns) this.#turns.restore(from.turns);
    for (const [voice, speakerId] of from?.bound ?? []) this.#bound.set(voice, speakerId);
    if (from?.isNarrowBand) this.isNarrowBand = true;
    const changes = await this.#take(await this.#gallery.open());
    await this.#stored(() => this.#unknowns.restore(from?.unknownIds ?? [], (voice) => this.#turns.voice(voice)));
    return changes;
  }

  /** Changes with everything that `state` gives, and now and then without. */
  get revision(): number {
    return this.#revision;
  }

  /** False while something that a person said waits for the next events. */
  get isSettled(): boolean {
    return this.#said.length === 0;
  }

  /** Where the turn that is still spoken begins; undefined where none is. */
  get openSample(): number | undefined {
    return this.#turns.openSample;
  }

  /** Of unknown voices only as far as they are kept in the memory of the session: the store has the others. */
  get state(): LiveVoicesState {
    return {
      turnIds: this.#turnIds - (this.openSample === undefined ? 0 : 1),
      turns: this.#turns.state,
      bound: [...this.#bound],
      unknownIds: this.#options.keeps === 'session' ? this.#unknowns.ids : [],
      isNarrowBand: this.#unknowns.isNarrowBand,
    };
  }

  set isNarrowBand(isNarrowBand: boolean) {
    this.#turns.isNarrowBand = isNarrowBand;
    this.#unknowns.isNarrowBand = isNarrowBand;
  }

  /** See LiveTurns.update. */
  async *update(span: SpeechSpan, windows: readonly LiveWindow[]): AsyncGenerator<LiveEvent> {
    yield* this.idle();
    yield* this.eventsOf(await inSlices(this.#turns.update(span, windows)));
  }

  /** See LiveTurns.end. */
  async *end(span: SpeechSpan, windows: readonly LiveWindow[]): AsyncGenerator<LiveEvent> {
    yield* this.idle();
    yield* this.eventsOf(await inSlices(this.#turns.end(span, windows)));
  }

  /** What others did meanwhile: people enrolled, renamed, erased. */
  async *idle(): AsyncGenerator<LiveEvent> {
    const changed = await this.#stored(() => this.#gallery.changed());
    if (changed) yield* this.eventsOf(await this.#take(changed));
    yield* this.#troubles.splice(0);
    for (const said of this.#said.splice(0)) yield* this.eventsOf(await inSlices(said()));
  }

  /** A person says whose voice it is; undefined takes that back. Its turns are reported again with the next events. */
  bind(voice: number, speakerId: string | undefined): void {
    this.#gallery.expire();
    this.#said.push(() => {
      this.#revision += 1;
      if (speakerId === undefined) this.#bound.delete(voice);
      else this.#bound.set(voice, speakerId);
      return this.#turns.bind(voice, speakerId);
    });
  }

  /** A person says that a voice is not this person; false takes that back. */
  exclude(voice: number, speakerId: string, isExcluded: boolean): void {
    this.#said.push(() => {
      this.#revision += 1;
      return this.#turns.exclude(voice, speakerId, isExcluded);
    });
  }

  /** See LiveSession.enrollUnknown. */
  async enrollUnknown({
    cluster,
    ...person
  }: EnrollUnknownRequest & { readonly recordedBy?: string }): Promise<EnrollResult> {
    const snapshot = this.#snapshotOf(cluster);
    const result = await this.#unknowns.enroll({ ...person, tenantId: this.#options.tenantId }, snapshot);
    if (result.status !== 'rejected') {
      this.bind(snapshot.voice, person.speakerId);
    }
    return result;
  }

  #snapshotOf(cluster: string | undefined): VoiceSnapshot {
    const voice = cluster === undefined ? this.#turns.lastUnknown : this.#unknowns.voiceOf(cluster);
    const snapshot = voice === undefined ? undefined : this.#turns.voice(voice);
    if (snapshot) return snapshot;
    const message = 'this session has no such unknown voice; give one that a turn event named';
    throw new VoicePrintsError('CLUSTER_NOT_FOUND', message);
  }

  async #take({ enrolled, names }: Nameable): Promise<LiveChange[]> {
    this.#names = names;
    this.#revision += 1;
    // No voice may have the name of an erased person.
    const gone = [...this.#bound].filter(([, speakerId]) => !names.has(speakerId));
    for (const [voice] of gone) this.#bound.delete(voice);
    const changes: LiveChange[] = [];
    for (const [voice] of gone) changes.push(...(await inSlices(this.#turns.bind(voice, undefined))));
    return [...changes, ...(await inSlices(this.#turns.setEnrolled(enrolled)))];
  }

  async *eventsOf(changes: readonly LiveChange[]): AsyncGenerator<LiveEvent> {
    for (const change of changes) {
      if (change.type !== 'turn' || change.turn.isFinal) this.#revision += 1;
      const cluster = (await this.#stored(() => this.#clusterOf(change))) ?? null;
      const overlap = change.type === 'turn' && this.#options.isOverlap(change.turn);
      this.#options.turns.take(change, { cluster, overlap, isNarrowBand: this.#unknowns.isNarrowBand });
      const context = { names: this.#names, cluster, overlap, timestampMs: this.#options.nowMs() };
      const event = liveEventOf(change, context);
      if (event) yield event;
    }
  }

  #newTurns(): LiveTurns {
    const { model, sessionId, falseAcceptPercent } = this.#options;
    const { calibration = UNCALIBRATED } = model;
    this.#turnIds = 0;
    const newTurnId = () => {
      this.#turnIds += 1;
      return `${sessionId}-${this.#turnIds}`;
    };
    return new LiveTurns({ calibration, falseAcceptPercent, newTurnId });
  }

  /** Work on the store, which may fail for a while: the stream continues, and the failure is reported once. */
  async #stored<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work();
      this.#isInTrouble = false;
      return result;
    } catch (error) {
      const { code, message } = asVoicePrintsError(error);
      if (!code.startsWith('REGISTRY_')) throw error;
      const state = { status: 'open', code, message } as const;
      if (!this.#isInTrouble) this.#troubles.push({ type: 'state', state, timestampMs: this.#options.nowMs() });
      this.#isInTrouble = true;
      return undefined;
    }
  }

  /** Id of the unknown voice of a change; the stored unknown voices are updated. */
  async #clusterOf(change: LiveChange): Promise<string | null> {
    if (change.type === 'merged') await this.#unknowns.forget(change.gone);
    if (change.type !== 'turn' && change.type !== 'relabel') return null;
    const { voice, verdict } = change.type === 'turn' ? change.turn : change;
    if (voice === undefined) return null;
    if (!isOfUnknown(verdict)) {
      if (change.type === 'relabel') await this.#unknowns.forget(voice);
      return null;
    }
    const snapshot = this.#turns.voice(voice);
    this.#unknowns.prune((number) => this.#turns.voice(number) !== undefined);
    const cluster = await this.#unknowns.idOf(voice, snapshot);
    if (snapshot && (change.type === 'relabel' || change.turn.isFinal)) await this.#unknowns.keep(snapshot);
    return cluster;
  }
}
