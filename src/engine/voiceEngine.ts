import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { openRecording } from '../audio/openRecording.js';
import { replayableSource } from '../audio/replayableSource.js';
import type { Actor, AuditTrail } from '../core/audit.js';
import { aborted, asVoicePrintsError, VoicePrintsError } from '../core/errors.js';
import type {
  Diarization,
  EnrollResult,
  FalseAcceptPercent,
  Identification,
  SpeechActivity,
} from '../core/identification.js';
import { type Lazy, lazy } from '../core/lazy.js';
import { ONE_VOICE, type VoiceLimits, voiceLimitsOf } from '../core/peopleCount.js';
import type { RecordingSource } from '../core/recording.js';
import type { RuntimeReport } from '../core/runtimeReport.js';
import type { StorePlace } from '../core/storePlace.js';
import { type Strangers, type StrangersPolicy, strangersOf, stricter } from '../core/strangers.js';
import { acceptScore, UNCALIBRATED } from '../identity/calibration.js';
import type { SegmentationModel } from '../inference/segmentationModel.js';
import type { SpeakerModel } from '../inference/speakerModel.js';
import type { StoreListener } from '../registry/postgres/postgresStore.js';
import type { UnknownVoices } from '../registry/unknownVoices.js';
import type { VoiceprintRegistry } from '../registry/voiceprintRegistry.js';
import { Admission } from './admission.js';
import { AuditNotes } from './auditNotes.js';
import type { Compute } from './compute/compute.js';
import { type EngineConfig, parseConfig, strangersPolicy } from './config.js';
import {
  type CallOptions,
  type ChunkSession,
  type DetectSpeechRequest,
  type DiarizeRequest,
  type Engine,
  type EnrollRequest,
  type IdentifyChunksRequest,
  type IdentifyRequest,
  type LiveSession,
  LOCAL_TENANT,
  type SpeakerDirectory,
  type TurnDirectory,
  type WatchRequest,
} from './engine.js';
import { enroll, MAX_SAMPLE_MS } from './enrolment/enroll.js';
import { EnrolmentsUnderWay } from './enrolment/enrolmentsUnderWay.js';
import { type OthersOf, othersInGallery } from './enrolment/otherPeople.js';
import { type Reembedded, type ReembedOptions, reembedStale } from './enrolment/reembed.js';
import { noteErasure } from './jobs/eraseFromJobs.js';
import { limitsWithin } from './limitsWithin.js';
import type { BusyTime } from './live/busyTime.js';
import { type LiveNetworks, openLiveNetworks } from './live/liveSpeech.js';
import { SessionStrangers } from './live/sessionStrangers.js';
import { SharedPeople } from './live/sharedPeople.js';
import { WatchSession } from './live/watchSession.js';
import { OthersChanges } from './othersChanges.js';
import { detectRecordingSpeech } from './recording/detectRecordingSpeech.js';
import { diarizeRecording } from './recording/diarizeRecording.js';
import { ChunkIdentification } from './recording/identifyChunks.js';
import { identifyRecording } from './recording/identifyRecording.js';
import { joinedIdentification, voicePerPart } from './recording/voicePerPart.js';
import { speakerDirectory } from './speakerDirectory.js';
import { RecordingTurns } from './turns/recordingTurns.js';
import { SessionTurns } from './turns/sessionTurns.js';
import { TenantOrder } from './turns/tenantOrder.js';
import { turnDirectory } from './turns/turnDirectory.js';
import { TurnMemory } from './turns/turnMemory.js';
import { type EnrolledPeople, EnrolledPeopleOf } from './voiceprints/enrolledPeople.js';
import { galleryWarnings } from './voiceprints/galleryWarnings.js';
import { everybodyOf, type Nameable, namesOf, someOf } from './voiceprints/nameable.js';
import { isSpeakerId } from './voiceprints/speakerId.js';
import { voiceprintsFor } from './voiceprints/voiceprintsFor.js';

/** Recordings that may wait while others are worked on; one more is ENGINE_BUSY. */
const MAX_WAITING = 64;

/** Starts the threads for the networks. */
export type OpenCompute = (
  config: EngineConfig,
  model: SpeakerModel,
  segmentation: SegmentationModel | undefined,
) => Promise<Compute>;

/** What an engine works with; it closes the registry, the unknown voices and the threads. */
export interface EngineParts {
  readonly config: EngineConfig;
  readonly model: SpeakerModel;
  readonly registry: VoiceprintRegistry;
  readonly unknownVoices: UnknownVoices;
  readonly trail: AuditTrail;
  readonly actor: Actor;
  readonly segmentation: SegmentationModel | undefined;
  readonly openCompute: OpenCompute;
  readonly nowMs: () => number;
  /** Of a store that many processes share: tells of what others change. */
  readonly follow?: ((listener: StoreListener) => void) | undefined;
  /** Reads the calibration again where another process may have changed it: into `model`. */
  readonly recalibrate?: (() => Promise<void>) | undefined;
  /** What is closed last. */
  readonly held?: AsyncDisposable | undefined;
}

/** See Engine. */
export class VoiceEngine implements Engine {
  readonly model: SpeakerModel;
  readonly storeDirectory: string;
  readonly place: StorePlace;
  readonly #parts: EngineParts;
  readonly #admission: Admission;
  readonly #closing = new AbortController();
  readonly #sessions = new Set<WatchSession>();
  readonly #people: EnrolledPeopleOf;
  readonly #livePeople: SharedPeople;
  readonly #strangers: SessionStrangers;
  readonly #enrolments = new EnrolmentsUnderWay();
  readonly #turns: TurnMemory;
  readonly #feedbackOrder = new TenantOrder();
  readonly #onErased = new Set<(tenantId: string, speakerId: string) => Promise<void>>();
  /** One set of threads for all calls. */
  readonly #compute: Lazy<Compute>;
  readonly #runtime = lazy(() => this.#job({}, async (signal) => (await this.#compute.get()).tryModels(signal)));
  /** One queue for all live streams. */
  readonly #networks: Lazy<LiveNetworks>;
  #liveBusy: BusyTime | undefined;
  readonly #others: OthersChanges | undefined;

  readonly #othersOf: OthersOf = async (tenantId, speakerId) =>
    othersInGallery((await this.#people.now(tenantId)).gallery, speakerId);

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#people = new EnrolledPeopleOf(parts.registry, parts.model, (...person) => this.#turns.erase(...person));
    this.#livePeople = new SharedPeople(this.#people);
    this.#strangers = new SessionStrangers(parts.unknownVoices, parts.config.maxUnknownVoices);
    this.#turns = new TurnMemory(parts.nowMs, parts.config.rememberTurns);
    this.model = parts.model;
    const { storeDirectory, databaseUrl, audioUrl } = parts.config;
    this.storeDirectory = storeDirectory;
    this.place = { storeDirectory, databaseUrl, audioUrl };
    const { config, model, segmentation, openCompute } = parts;
    this.#compute = lazy(() => openCompute(config, model, segmentation));
    this.#networks = lazy(async () => {
      const networks = await openLiveNetworks(await this.#compute.get(), this.#closing.signal);
      this.#liveBusy = networks.busy;
      return networks;
    });
    this.#admission = new Admission(2 * (parts.config.workerThreads ?? availableParallelism()), MAX_WAITING);
    const { follow, recalibrate = async () => undefined } = parts;
    if (!follow) return;
    const onPeople = (tenantId: string) => this.#lookAgain(tenantId);
    this.#others = new OthersChanges({ onPeople, onCalibration: recalibrate });
    follow(this.#others);
  }

  tryModels(): Promise<RuntimeReport> {
    return this.#runtime.get();
  }

  enroll(request: EnrollRequest, options: CallOptions = {}): Promise<EnrollResult> {
    const { config, nowMs } = this.#parts;
    const { tenantId = LOCAL_TENANT, speakerId } = request;
    const notes = this.#notes(tenantId, options.actor);
    const work = async (registry: VoiceprintRegistry, signal: AbortSignal) => {
      await this.#reembedKept(tenantId, signal);
      const limits = limitsWithin(this.#parts.config, request.limits, MAX_SAMPLE_MS);
      return enroll(
        { ...request, tenantId, recordedBy: notes.actorName },
        {
          compute: await this.#compute.get(),
          registry,
          openRecording: (source) => openRecording(source, limits, signal),
          nowMs,
          keepAudio: config.keepAudio && !request.isTrial,
          isConsentRequired: config.requireConsent,
          othersOf: this.#othersOf,
        },
        { signal, onAudio: (doneMs) => options.onProgress?.({ stage: 'analyse', doneMs, totalMs: undefined }) },
      );
    };
    if (request.isTrial) return this.#job(options, (signal) => work(this.#parts.registry, signal));
    return notes.enrolled({ action: 'enrol', speakerIds: [speakerId] }, () =>
      this.#enrolments.run(this.#parts.registry, { tenantId, speakerId }, (registry) =>
        this.#job(options, (signal) => work(registry, signal)),
      ),
    );
  }

  identify(request: IdentifyRequest, options: CallOptions = {}): Promise<Identification> {
    const { config } = this.#parts;
    return this.#job(options, async (signal) => {
      const { tenantId = LOCAL_TENANT, speakerIds, isSpeakerPerChannel = false } = request;
      const voiceLimits = voiceLimitsOf(request);
      const enrolled = await this.#reembedKept(tenantId, signal);
      const people = await this.#nameable(tenantId, enrolled, speakerIds);
      const limits = limitsWithin(this.#parts.config, request.limits, Number.POSITIVE_INFINITY);
      const compute = await this.#compute.get();
      const { falseAcceptPercent = config.falseAcceptPercent } = request;
      const turns = this.#recordingTurns(tenantId, falseAcceptPercent);
      const settings = {
        people,
        falseAcceptPercent,
        galleryWarnings: speakerIds?.length ? [] : galleryWarnings(enrolled),
      };
      const identifyIn = (source: RecordingSource, voices: VoiceLimits) =>
        identifyRecording(
          { compute, openRecording: () => openRecording(source, limits, signal) },
          { ...settings, ...voices },
          { signal, onProgress: options.onProgress, turns },
        );
      const remembered = (answer: Identification) => turns?.remember(answer) ?? answer;
      if (!isSpeakerPerChannel) return remembered(await identifyIn(request.source, voiceLimits));
      await using kept = await replayableSource(request.source, limits.maxBytes, signal);
      const { source } = kept;
      const apart = await voicePerPart(
        (selection) => openRecording({ ...source, ...selection }, limits, signal),
        source.track === undefined ? {} : { track: source.track },
        (selection) => identifyIn({ ...source, ...selection }, ONE_VOICE),
      );
      return remembered(apart ? joinedIdentification(apart) : await identifyIn(source, ONE_VOICE));
    });
  }

  get liveBusyMs(): number {
    return this.#liveBusy?.ms ?? 0;
  }

  watch(request: WatchRequest): LiveSession {
    this.#assertOpen();
    const { config, registry, nowMs } = this.#parts;
    const { tenantId = LOCAL_TENANT } = request;
    const strangers = this.#strangersOf(request);
    const unknownVoices = this.#strangers.open(strangers, tenantId);
    const { sessionId = randomUUID(), falseAcceptPercent = config.falseAcceptPercent, site } = request;
    const acceptScore = this.acceptScore(falseAcceptPercent);
    const turns = new SessionTurns({ memory: this.#turns, tenantId, sessionId, site, strangers, acceptScore, nowMs });
    const session = new WatchSession(request, {
      sessionId,
      turns,
      model: this.model,
      tenantId,
      notesOf: (actor) => this.#notes(tenantId, actor),
      registry,
      people: this.#livePeople,
      enrolments: this.#enrolments,
      unknownVoices,
      falseAcceptPercent,
      nowMs,
      openNetworks: () => this.#networks.get(),
      closing: this.#closing.signal,
      othersOf: this.#othersOf,
      keeps: strangers.keeps,
      isConsentRequired: config.requireConsent,
      onEnded: () => {
        this.#sessions.delete(session);
        turns.end();
        unknownVoices[Symbol.dispose]();
      },
    });
    this.#sessions.add(session);
    // Beside the session, which sees who was added when it looks next; a failure shows with the next enrolment.
    this.#job({}, (signal) => this.#reembedKept(tenantId, signal)).catch(() => undefined);
    return session;
  }

  identifyChunks(request: IdentifyChunksRequest): ChunkSession {
    const { config } = this.#parts;
    const { tenantId = LOCAL_TENANT, falseAcceptPercent = config.falseAcceptPercent } = request;
    const stream = new ChunkIdentification();
    const limits = limitsWithin(this.#parts.config, request.limits, Number.POSITIVE_INFINITY);
    return {
      identify: ({ source, startSeconds, speakerIds = request.speakerIds }, options = {}) =>
        this.#job(options, async (signal) => {
          const enrolled = await this.#reembedKept(tenantId, signal);
          return stream.identify(
            {
              openRecording: () => openRecording(source, limits, signal),
              startSeconds,
              people: await this.#nameable(tenantId, enrolled, speakerIds),
              galleryWarnings: speakerIds?.length ? [] : galleryWarnings(enrolled),
              falseAcceptPercent,
            },
            await this.#compute.get(),
            signal,
          );
        }),
    };
  }

  diarize(request: DiarizeRequest, options: CallOptions = {}): Promise<Diarization> {
    const { config } = this.#parts;
    const { tenantId = LOCAL_TENANT, openSource, speakerIds = [], isSpeakerPerChannel = false } = request;
    return this.#job(options, async (signal) => {
      const voiceLimits = voiceLimitsOf(request);
      const people =
        speakerIds.length > 0
          ? await this.#nameable(tenantId, await this.#reembedKept(tenantId, signal), speakerIds)
          : someOf([], this.model.id);
      const limits = limitsWithin(this.#parts.config, request.limits, Number.POSITIVE_INFINITY);
      const compute = await this.#compute.get();
      const { falseAcceptPercent } = config;
      return diarizeRecording(
        {
          compute,
          open: async (selection) => openRecording({ ...(await openSource()), ...selection }, limits, signal),
        },
        { people, falseAcceptPercent, voiceLimits, isSpeakerPerChannel },
        { signal, onProgress: options.onProgress },
      );
    });
  }

  detectSpeech(request: DetectSpeechRequest, options: CallOptions = {}): Promise<SpeechActivity> {
    return this.#job(options, async (signal) => {
      const limits = limitsWithin(this.#parts.config, request.limits, Number.POSITIVE_INFINITY);
      const compute = await this.#compute.get();
      const { minNonSpeechMs = 0 } = request;
      const { onProgress } = options;
      return detectRecordingSpeech(await openRecording(request.source, limits, signal), {
        compute,
        minNonSpeechMs,
        signal,
        onProgress,
      });
    });
  }

  speakers(tenantId: string = LOCAL_TENANT, actor?: Actor): SpeakerDirectory {
    const { config, registry, nowMs } = this.#parts;
    const notes = this.#notes(tenantId, actor);
    const directory = speakerDirectory({
      registry,
      enrolments: this.#enrolments,
      unknownVoices: this.#strangers,
      recordedBy: notes.actorName,
      isConsentRequired: config.requireConsent,
      tenantId,
      list: async () => (await this.#people.now(tenantId)).summaries(),
      othersOf: this.#othersOf,
      model: this.model,
      reembed: ({ signal, onPerson } = {}) =>
        this.#job(signal ? { signal } : {}, (either) => this.#reembed(tenantId, { signal: either, onPerson })),
      eraseEverywhere: (speakerId, erase) => this.#eraseEverywhere(tenantId, speakerId, erase),
      inOrder: (work) => this.#feedbackOrder.run(tenantId, work),
      onMerged: (fromId, speakerId) => this.#turns.rename(tenantId, fromId, speakerId),
      assertOpen: () => this.#assertOpen(),
      nowMs,
    });
    return notes.over(directory);
  }

  turns(tenantId: string = LOCAL_TENANT, actor?: Actor): TurnDirectory {
    const { config, registry, nowMs } = this.#parts;
    const notes = this.#notes(tenantId, actor);
    const directory = turnDirectory({
      tenantId,
      othersOf: this.#othersOf,
      namesNow: async () => namesOf((await this.#people.now(tenantId)).nameOf),
      memory: this.#turns,
      registry,
      enrolments: this.#enrolments,
      unknownVoices: this.#strangers,
      model: this.model,
      isConsentRequired: config.requireConsent,
      recordedBy: notes.actorName,
      sessionOf: (sessionId) => this.#sessionOf(tenantId, sessionId),
      erase: (speakerId) => this.#eraseEverywhere(tenantId, speakerId, () => registry.delete(tenantId, speakerId)),
      inOrder: (work) => this.#feedbackOrder.run(tenantId, work),
      assertOpen: () => this.#assertOpen(),
      nowMs,
    });
    return notes.overTurns(directory);
  }

  onErased(listener: (tenantId: string, speakerId: string) => Promise<void>): () => void {
    this.#onErased.add(listener);
    return () => this.#onErased.delete(listener);
  }

  get isConsentRequired(): boolean {
    return this.#parts.config.requireConsent;
  }

  get strangers(): Strangers {
    return strangersOf(this.#parts.config.strangers);
  }

  acceptScore(falseAcceptPercent: FalseAcceptPercent = this.#parts.config.falseAcceptPercent): number {
    return acceptScore(this.model.calibration ?? UNCALIBRATED, falseAcceptPercent);
  }

  /** Stops pending work first, then waits for it, then closes what it used. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(closed());
    await Promise.all([...this.#sessions].map((session) => session[Symbol.asyncDispose]()));
    await this.#admission.settled();
    const compute = await this.#compute.opened();
    await compute?.[Symbol.asyncDispose]();
    const { registry, unknownVoices } = this.#parts;
    this.#turns[Symbol.dispose]();
    this.#others?.[Symbol.dispose]();
    try {
      await unknownVoices[Symbol.asyncDispose]();
    } finally {
      await registry[Symbol.asyncDispose]();
      await this.#parts.held?.[Symbol.asyncDispose]();
    }
  }

  /** All people of a tenant, after the model in use has embedded the kept audio of those it has not seen. */
  async #reembedKept(tenantId: string, signal: AbortSignal): Promise<EnrolledPeople> {
    const people = await this.#people.now(tenantId);
    if (people.reembeddable === 0) return people;
    await this.#reembed(tenantId, { signal });
    return this.#people.now(tenantId);
  }

  /** Those asked for, or everybody. Throws SPEAKER_NOT_FOUND, SPEAKER_INCOMPLETE. */
  async #nameable(tenantId: string, everybody: EnrolledPeople, speakerIds?: readonly string[]): Promise<Nameable> {
    if (!speakerIds?.length) return everybodyOf(everybody);
    const asked = [...new Set(speakerIds)].map((id) => this.#parts.registry.get(tenantId, id));
    const found = (await Promise.all(asked)).flatMap((voiceprint) => voiceprint ?? []);
    return someOf(voiceprintsFor(found, speakerIds, this.model.id), this.model.id);
  }

  #reembed(tenantId: string, options: ReembedOptions): Promise<Reembedded> {
    const openCompute = () => this.#compute.get();
    const { registry } = this.#parts;
    const onReembedded = (speakerIds: readonly string[]) => this.#notes(tenantId).reembedded(speakerIds);
    return reembedStale({ registry, tenantId, modelId: this.model.id, openCompute, onReembedded }, options);
  }

  async #eraseEverywhere(tenantId: string, speakerId: string, erase: () => Promise<boolean>): Promise<boolean> {
    if (!isSpeakerId(speakerId)) return erase(); // no speaker can have it, and it may be anything, for example a name
    // Noted first: a process that ends in between leaves it for the next that opens the jobs.
    const { encryptionKey } = this.#parts.config;
    const fromJobs = await noteErasure(this.place, encryptionKey, { tenantId, speakerId });
    this.#enrolments.erase(tenantId, speakerId);
    let wasThere: boolean;
    try {
      wasThere = await erase();
      this.#turns.erase(tenantId, speakerId);
      // What cannot be read now is looked at again by whoever needs everybody.
      await this.#lookAgain(tenantId).catch(() => undefined);
    } catch (error) {
      await fromJobs?.cancel();
      throw error;
    }
    await fromJobs?.confirm();
    await Promise.all([...this.#onErased].map((listener) => listener(tenantId, speakerId)));
    await fromJobs?.finish();
    return wasThere;
  }

  /** Takes who was erased out of the memory, and what changed into it. */
  async #lookAgain(tenantId: string): Promise<void> {
    this.#livePeople.expire(tenantId); // no live stream names them for another second
    await this.#people.lookAgain(tenantId);
  }

  #recordingTurns(tenantId: string, falseAcceptPercent: FalseAcceptPercent): RecordingTurns | undefined {
    const { config, nowMs } = this.#parts;
    if (!config.rememberTurns) return undefined;
    const acceptScore = this.acceptScore(falseAcceptPercent);
    return new RecordingTurns({ memory: this.#turns, tenantId, strangers: config.strangers, acceptScore, nowMs });
  }

  #sessionOf(tenantId: string, sessionId: string): WatchSession | undefined {
    return [...this.#sessions].find((session) => session.sessionId === sessionId && session.tenantId === tenantId);
  }

  #notes(tenantId: string, actor: Actor = this.#parts.actor): AuditNotes {
    const { trail, nowMs } = this.#parts;
    return new AuditNotes({ trail, tenantId, actor, nowMs });
  }

  async #job<T>({ signal }: CallOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#assertOpen();
    // A separate signal for each call: listeners would accumulate on a shared one.
    const either = AbortSignal.any(signal ? [this.#closing.signal, signal] : [this.#closing.signal]);
    try {
      return await this.#admission.run(() => work(either), either);
    } catch (error) {
      if (this.#closing.signal.aborted) throw closed();
      if (signal?.aborted) throw aborted(error);
      throw asVoicePrintsError(error);
    }
  }

  /** A session may keep less than the engine's setting, never more. Throws CONFIG_INVALID. */
  #strangersOf({ strangers }: WatchRequest): StrangersPolicy {
    const own = this.#parts.config.strangers;
    return strangers === undefined ? own : stricter(own, parseConfig(strangersPolicy, strangers));
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw closed();
  }
}

const closed = () => new VoicePrintsError('ENGINE_CLOSED', 'the engine was closed; open it again');
