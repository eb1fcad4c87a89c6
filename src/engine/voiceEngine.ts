import { availableParallelism } from 'node:os';
import { openRecording } from '../audio/openRecording.js';
import type { Actor } from '../core/audit.js';
import { aborted, asVoicePrintsError, VoicePrintsError } from '../core/errors.js';
import type {
  Diarization,
  EnrollResult,
  FalseAcceptPercent,
  Identification,
  SpeechActivity,
} from '../core/identification.js';
import { InTurnByKey } from '../core/inTurn.js';
import { type Lazy, lazy } from '../core/lazy.js';
import type { RuntimeReport } from '../core/runtimeReport.js';
import type { StorePlace } from '../core/storePlace.js';
import { type Strangers, strangersOf } from '../core/strangers.js';
import { acceptScore, UNCALIBRATED } from '../identity/calibration.js';
import type { SpeakerModel } from '../inference/speakerModel.js';
import type { VoiceprintRegistry } from '../registry/voiceprintRegistry.js';
import { Admission } from './admission.js';
import { AuditNotes } from './auditNotes.js';
import type { Compute } from './compute/compute.js';
import type { Engine } from './engine.js';
import type { EngineParts } from './engineParts.js';
import { enroll, MAX_SAMPLE_MS } from './enrolment/enroll.js';
import { EnrolmentsUnderWay } from './enrolment/enrolmentsUnderWay.js';
import { Erasures, type OnErased } from './erasures.js';
import { limitsWithin } from './limitsWithin.js';
import { LiveCalls } from './live/liveCalls.js';
import { SessionStrangers } from './live/sessionStrangers.js';
import { OthersChanges } from './othersChanges.js';
import { RecordingCalls, type RecordingCallsParts, type TenantCall } from './recording/recordingCalls.js';
import { type CallOptions, LOCAL_TENANT } from './requests/callOptions.js';
import type { ChunkSession, IdentifyChunksRequest } from './requests/chunkSession.js';
import type { EnrollRequest } from './requests/enrollRequest.js';
import type { LiveSession, WatchRequest } from './requests/liveSession.js';
import type { DetectSpeechRequest, DiarizeRequest, IdentifyRequest } from './requests/recordingRequests.js';
import type { SpeakerDirectory } from './requests/speakers.js';
import type { TurnDirectory } from './requests/turns.js';
import { speakerDirectory } from './speakerDirectory.js';
import { TenantPeople } from './tenantPeople.js';
import { turnDirectory } from './turns/turnDirectory.js';
import { TurnMemory } from './turns/turnMemory.js';
import { namesOf } from './voiceprints/nameable.js';

/** Recordings that may wait while others are worked on; one more is ENGINE_BUSY. */
const MAX_WAITING = 64;

/** See Engine. */
export class VoiceEngine implements Engine {
  readonly model: SpeakerModel;
  readonly storeDirectory: string;
  readonly place: StorePlace;
  readonly #parts: EngineParts;
  readonly #admission: Admission;
  readonly #closing = new AbortController();
  readonly #people: TenantPeople;
  readonly #recordings: RecordingCalls;
  readonly #live: LiveCalls;
  readonly #erasures: Erasures;
  readonly #strangers: SessionStrangers;
  readonly #enrolments = new EnrolmentsUnderWay();
  readonly #turns: TurnMemory;
  readonly #feedbackOrder = new InTurnByKey();
  /** One set of threads for all calls. */
  readonly #compute: Lazy<Compute>;
  readonly #runtime = lazy(() => this.#job({}, async (signal) => (await this.#compute.get()).tryModels(signal)));
  readonly #others: OthersChanges | undefined;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#strangers = new SessionStrangers(parts.unknownVoices, parts.config.maxUnknownVoices);
    this.#turns = new TurnMemory(parts.nowMs, parts.config.rememberTurns);
    this.model = parts.model;
    const { storeDirectory, databaseUrl, audioUrl, encryptionKey } = parts.config;
    this.storeDirectory = storeDirectory;
    this.place = { storeDirectory, databaseUrl, audioUrl };
    const { config, model, registry, nowMs, segmentation, openCompute } = parts;
    const compute = lazy(() => openCompute(config, model, segmentation));
    this.#compute = compute;
    const turns = this.#turns;
    const people = new TenantPeople({
      registry,
      model,
      compute,
      onGone: (...person) => turns.erase(...person),
      onReembedded: (tenantId, speakerIds) => this.#notes(tenantId).reembedded(speakerIds),
    });
    this.#people = people;
    const lookAgain = (tenantId: string) => people.lookAgain(tenantId);
    this.#erasures = new Erasures({
      place: this.place,
      encryptionKey,
      enrolments: this.#enrolments,
      turns,
      lookAgain,
    });
    const acceptScore = (falseAcceptPercent: FalseAcceptPercent) => this.acceptScore(falseAcceptPercent);
    const job: RecordingCallsParts['job'] = (options, work) => this.#job(options, work);
    this.#recordings = new RecordingCalls({ config, model, nowMs, people, compute, turns, acceptScore, job });
    this.#live = new LiveCalls({
      config,
      model,
      registry,
      nowMs,
      people,
      enrolments: this.#enrolments,
      strangers: this.#strangers,
      turns,
      compute,
      closing: this.#closing.signal,
      acceptScore,
      notesOf: (tenantId, actor) => this.#notes(tenantId, actor),
      reembedKept: (tenantId) => this.#job({ tenantId }, (signal) => people.reembedKept(tenantId, signal)),
    });
    this.#admission = new Admission(2 * (parts.config.workerThreads ?? availableParallelism()), MAX_WAITING);
    const { follow, recalibrate = async () => undefined } = parts;
    if (!follow) return;
    this.#others = new OthersChanges({ onPeople: lookAgain, onCalibration: recalibrate });
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
      await this.#people.reembedKept(tenantId, signal);
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
          othersOf: this.#people.othersOf,
        },
        { signal, onAudio: (doneMs) => options.onProgress?.({ stage: 'analyse', doneMs, totalMs: undefined }) },
      );
    };
    if (request.isTrial) return this.#job({ ...options, tenantId }, (signal) => work(this.#parts.registry, signal));
    return notes.enrolled({ action: 'enrol', speakerIds: [speakerId] }, () =>
      this.#enrolments.run(this.#parts.registry, { tenantId, speakerId }, (registry) =>
        this.#job({ ...options, tenantId }, (signal) => work(registry, signal)),
      ),
    );
  }

  identify(request: IdentifyRequest, options?: CallOptions): Promise<Identification> {
    return this.#recordings.identify(request, options);
  }

  identifyChunks(request: IdentifyChunksRequest): ChunkSession {
    return this.#recordings.identifyChunks(request);
  }

  diarize(request: DiarizeRequest, options?: CallOptions): Promise<Diarization> {
    return this.#recordings.diarize(request, options);
  }

  detectSpeech(request: DetectSpeechRequest, options?: CallOptions): Promise<SpeechActivity> {
    return this.#recordings.detectSpeech(request, options);
  }

  get liveBusyMs(): number {
    return this.#live.busyMs;
  }

  watch(request: WatchRequest): LiveSession {
    this.#assertOpen();
    return this.#live.watch(request);
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
      othersOf: this.#people.othersOf,
      model: this.model,
      reembed: ({ signal, onPerson } = {}) =>
        this.#job({ ...(signal && { signal }), tenantId }, (either) =>
          this.#people.reembed(tenantId, { signal: either, onPerson }),
        ),
      eraseEverywhere: (speakerId, erase) => this.#erasures.everywhere(tenantId, speakerId, erase),
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
      othersOf: this.#people.othersOf,
      namesNow: async () => namesOf((await this.#people.now(tenantId)).nameOf),
      memory: this.#turns,
      registry,
      enrolments: this.#enrolments,
      unknownVoices: this.#strangers,
      model: this.model,
      isConsentRequired: config.requireConsent,
      recordedBy: notes.actorName,
      sessionOf: (sessionId) => this.#live.sessionOf(tenantId, sessionId),
      erase: (speakerId) => this.#erasures.everywhere(tenantId, speakerId, () => registry.delete(tenantId, speakerId)),
      inOrder: (work) => this.#feedbackOrder.run(tenantId, work),
      assertOpen: () => this.#assertOpen(),
      nowMs,
    });
    return notes.overTurns(directory);
  }

  onErased(listener: OnErased): () => void {
    return this.#erasures.onErased(listener);
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
    await this.#live[Symbol.asyncDispose]();
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

  #notes(tenantId: string, actor: Actor = this.#parts.actor): AuditNotes {
    const { trail, nowMs } = this.#parts;
    return new AuditNotes({ trail, tenantId, actor, nowMs });
  }

  async #job<T>({ signal, tenantId }: TenantCall, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#assertOpen();
    // A separate signal for each call: listeners would accumulate on a shared one.
    const either = AbortSignal.any(signal ? [this.#closing.signal, signal] : [this.#closing.signal]);
    try {
      return await this.#admission.run(() => work(either), either, tenantId);
    } catch (error) {
      if (this.#closing.signal.aborted) throw closed();
      if (signal?.aborted) throw aborted(error);
      throw asVoicePrintsError(error);
    }
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw closed();
  }
}

const closed = () => new VoicePrintsError('ENGINE_CLOSED', 'the engine was closed; open it again');
