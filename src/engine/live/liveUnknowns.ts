import type { EnrollResult } from '../../core/identification.js';
import { exactSecondsOfSamples, msOfSamples } from '../../core/time.js';
import type { UnknownExemplar, UnknownVoice } from '../../core/unknownVoice.js';
import { centroid } from '../../core/vector.js';
import { acceptLlr, UNCALIBRATED } from '../../identity/calibration.js';
import type { VoiceSnapshot } from '../../identity/live/liveChange.js';
import { compare } from '../../identity/matchVoices.js';
import type { EnrolledVoice } from '../../identity/voices.js';
import type { SpeakerModel } from '../../inference/speakerModel.js';
import type { VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';
import { enrollFromVoice } from '../enrolment/enrollFromVoice.js';
import type { EnrolledPerson } from '../enrolment/enrollSamples.js';
import type { EnrolmentsUnderWay } from '../enrolment/enrolmentsUnderWay.js';
import type { OthersOf } from '../enrolment/otherPeople.js';
import { NARROW_BAND_HZ } from '../voiceprints/voicesToMatch.js';
import type { StrangersOfSession } from './sessionStrangers.js';

export interface LiveUnknownsOptions {
  readonly unknownVoices: StrangersOfSession;
  readonly registry: VoiceprintRegistry;
  readonly enrolments: EnrolmentsUnderWay;
  readonly tenantId: string;
  readonly model: SpeakerModel;
  readonly nowMs: () => number;
  readonly isConsentRequired?: boolean;
  readonly othersOf?: OthersOf;
}

/** A voice as it is kept, and since when it is known in this session. */
interface KeptVoice {
  readonly id: string;
  readonly firstHeardMs: number;
  /** What was known of it from earlier sessions. */
  readonly earlier: UnknownVoice | undefined;
}

/** Number of a voice, its id, and when it was first heard in this session (ms since 1970). */
export type KeptId = readonly [number, string, number];

/** Bandwidth of telephone speech, where it was not measured. */
const TELEPHONE_HZ = 3_400;

/** Names of the unknown voices of one session: the same as in earlier sessions where they are recognised. */
export class LiveUnknowns {
  readonly #options: LiveUnknownsOptions;
  readonly #kept = new Map<number, KeptVoice>();
  /** True where the stream is telephone audio. */
  isNarrowBand = false;

  constructor(options: LiveUnknownsOptions) {
    this.#options = options;
  }

  /** `unknown-N` of a voice of the session: one that is known from before, or a new number. */
  async idOf(voice: number, snapshot: VoiceSnapshot | undefined): Promise<string> {
    const kept = this.#kept.get(voice);
    if (kept) return kept.id;
    const { unknownVoices, tenantId, nowMs } = this.#options;
    const earlier = snapshot && (await this.#recognised(snapshot));
    const id = earlier?.id ?? (await unknownVoices.newId(tenantId));
    this.#kept.set(voice, { id, firstHeardMs: earlier?.firstHeardMs ?? nowMs(), earlier });
    return id;
  }

  /** Ids of the voices, and since when they are known in this session: [voice, id, ms]. */
  get ids(): readonly KeptId[] {
    return [...this.#kept].map(([voice, { id, firstHeardMs }]) => [voice, id, firstHeardMs]);
  }

  /** Voices keep their ids in the process in which their session goes on. */
  async restore(ids: readonly KeptId[], snapshotOf: (voice: number) => VoiceSnapshot | undefined): Promise<void> {
    for (const [voice, id, firstHeardMs] of ids) {
      this.#options.unknownVoices.adopt(id);
      this.#kept.set(voice, { id, firstHeardMs, earlier: undefined });
      const snapshot = snapshotOf(voice);
      if (snapshot) await this.keep(snapshot);
    }
  }

  /** Drops voices that the session has dropped; when they return, they are recognised where they were kept. */
  prune(isKnown: (voice: number) => boolean): void {
    for (const voice of this.#kept.keys()) if (!isKnown(voice)) this.#kept.delete(voice);
  }

  /** The session's voice of that name. */
  voiceOf(id: string): number | undefined {
    return [...this.#kept].find(([, kept]) => kept.id === id)?.[0];
  }

  /** Keeps a voice as the policy says: in memory, in the store, or not at all. A voice that was erased meanwhile gets a new id. */
  async keep(snapshot: VoiceSnapshot): Promise<void> {
    const { unknownVoices, tenantId } = this.#options;
    const voice = this.#unknownVoice(snapshot);
    if (voice && !(await unknownVoices.put(tenantId, voice))) this.#kept.delete(snapshot.voice);
  }

  /** The voice turned out to be an enrolled person, or another unknown voice: it is no longer kept as an unknown one. */
  async forget(voice: number): Promise<void> {
    const kept = this.#kept.get(voice);
    if (!kept) return;
    this.#kept.delete(voice);
    await this.#options.unknownVoices.delete(this.#options.tenantId, kept.id);
  }

  /** Makes a voiceprint of the voice; see enrollFromVoice. */
  async enroll(person: EnrolledPerson, snapshot: VoiceSnapshot): Promise<EnrollResult> {
    const { model, enrolments, unknownVoices, nowMs, isConsentRequired, othersOf } = this.#options;
    const result = await enrolments.run(this.#options.registry, person, async (registry) => {
      await this.idOf(snapshot.voice, snapshot);
      return enrollFromVoice(person, this.#unknownVoice(snapshot)!, {
        model,
        registry,
        unknownVoices,
        nowMs,
        isConsentRequired,
        othersOf,
      });
    });
    if (result.status !== 'rejected') this.#kept.delete(snapshot.voice);
    return result;
  }

  /** The voice of an earlier session that this is, as surely as people are named at 1 %. */
  async #recognised({ exemplars, samples }: VoiceSnapshot): Promise<UnknownVoice | undefined> {
    const { unknownVoices, tenantId, model } = this.#options;
    const { calibration = UNCALIBRATED } = model;
    const taken = new Set([...this.#kept.values()].map(({ id }) => id));
    const all = (await unknownVoices.list(tenantId)).filter(
      ({ id, modelId }) => modelId === model.id && !taken.has(id),
    );
    if (all.length === 0) return undefined;
    const probe = {
      centroid: centroid(
        exemplars.map(({ embedding }) => embedding),
        exemplars.map((exemplar) => exemplar.samples),
      ),
      speechSeconds: exactSecondsOfSamples(samples),
    };
    const [best] = compare(probe, all.map(enrolledVoiceOf), { calibration, isNarrowBand: this.isNarrowBand });
    if (!best || best.llr < acceptLlr(calibration, 1, all.length)) return undefined;
    return all.find(({ id }) => id === best.voice.id);
  }

  #unknownVoice({ voice, exemplars, samples }: VoiceSnapshot): UnknownVoice | undefined {
    const kept = this.#kept.get(voice);
    if (!kept) return undefined;
    const { model, nowMs } = this.#options;
    const own = exemplars.map(
      (exemplar): UnknownExemplar => ({
        embedding: { modelId: model.id, values: exemplar.embedding },
        speechMs: msOfSamples(exemplar.samples),
        snrDb: exemplar.snrDb,
        ...(this.isNarrowBand ? { bandwidthHz: TELEPHONE_HZ } : {}),
      }),
    );
    return {
      id: kept.id,
      exemplars: [...(kept.earlier?.exemplars ?? []), ...own],
      speechMs: (kept.earlier?.speechMs ?? 0) + msOfSamples(samples),
      firstHeardMs: kept.firstHeardMs,
      lastHeardMs: nowMs(),
      modelId: model.id,
    };
  }
}

/** An unknown voice as the matcher sees enrolled ones. */
function enrolledVoiceOf({ id, exemplars, speechMs }: UnknownVoice): EnrolledVoice {
  const embeddings = exemplars.map(({ embedding }) => embedding.values);
  return {
    id,
    exemplars: embeddings,
    mean: centroid(
      embeddings,
      exemplars.map((exemplar) => exemplar.speechMs),
    ),
    speechSeconds: speechMs / 1000,
    isNarrowBand: exemplars.every(({ bandwidthHz = Number.POSITIVE_INFINITY }) => bandwidthHz < NARROW_BAND_HZ),
  };
}
