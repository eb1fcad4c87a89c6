import { randomUUID } from 'node:crypto';
import { VoicePrintsError } from '../../core/errors.js';
import type { FeedbackSummary, Learning } from '../../core/feedback.js';
import type { UnknownExemplar, UnknownVoice } from '../../core/unknownVoice.js';
import type { Voiceprint } from '../../core/voiceprint.js';
import type { SpeakerModel } from '../../inference/speakerModel.js';
import type { UnknownVoices } from '../../registry/unknownVoices.js';
import type { VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';
import { assertConsent, consentOf } from '../enrolment/consent.js';
import { enrollFromVoice } from '../enrolment/enrollFromVoice.js';
import type { EnrolmentsUnderWay } from '../enrolment/enrolmentsUnderWay.js';
import { judgedNow } from '../enrolment/judgedNow.js';
import type { OthersOf } from '../enrolment/otherPeople.js';
import type { FeedbackRequest } from '../requests/turns.js';
import type { Names } from '../voiceprints/nameable.js';
import type { FeedbackRecord, SessionChange } from './feedbackRecord.js';
import { assertNameFree, type FeedbackTarget, personOf, targetOf } from './feedbackTarget.js';
import { type Learnt, learnFromVoice, nothing } from './learnFromVoice.js';
import type { Said, TurnEntry } from './turnEntry.js';
import type { TurnMemory } from './turnMemory.js';
import { changeStored, isSameSample, redone, undone } from './voiceprintChange.js';

/** A running session, as feedback sees it. */
export interface FollowingSession {
  bind(voice: number, speakerId: string | undefined): void;
  exclude(voice: number, speakerId: string, isExcluded: boolean): void;
}

export interface FeedbackDeskParts {
  readonly tenantId: string;
  readonly memory: TurnMemory;
  readonly registry: VoiceprintRegistry;
  readonly enrolments: EnrolmentsUnderWay;
  readonly unknownVoices: Pick<UnknownVoices, 'list' | 'delete'> & {
    /** Keeps a voice again that was taken out, with a new id. */
    restore(tenantId: string, voice: UnknownVoice): Promise<void>;
  };
  readonly model: Pick<SpeakerModel, 'id' | 'calibration'>;
  readonly isConsentRequired: boolean;
  readonly othersOf: OthersOf;
  /** Who records consent, as the audit log names them. */
  readonly recordedBy: string;
  readonly sessionOf: (sessionId: string) => FollowingSession | undefined;
  readonly erase: (speakerId: string) => Promise<unknown>;
  readonly nowMs: () => number;
}

interface SaidOfVoice {
  readonly speakerId: string;
  /** True where it is not this person. */
  readonly isExcluded: boolean;
  readonly saidBefore: ReadonlyMap<string, Said | undefined>;
}

/** Shorter turns, and those in which several people speak, teach nothing. */
const LEAST_TURN_SECONDS = 1;
/** Bandwidth of telephone speech, where it was not measured. */
const TELEPHONE_HZ = 3_400;

/** What people say of turns: names follow, voiceprints learn, and all of it can be taken back. */
export class FeedbackDesk {
  readonly #parts: FeedbackDeskParts;

  constructor(parts: FeedbackDeskParts) {
    this.#parts = parts;
  }

  /** See TurnDirectory.feedback. */
  async give(request: FeedbackRequest): Promise<FeedbackRecord> {
    const { memory, tenantId, unknownVoices } = this.#parts;
    const all = memory.turns(tenantId);
    const target = targetOf(request, all, await unknownVoices.list(tenantId));
    const person = personOf(request, target);
    const isRejection = request.verdict === 'reject';
    if (!isRejection && !request.isAlsoOther) assertNameFree(person, target, all);
    const feedbackId = randomUUID();
    const superseded = this.#contradicted(target, isRejection ? null : person);
    const saidBefore = new Map(target.turns.map((turn) => [turn.turnId, turn.said]));
    let learnt: Learnt;
    try {
      // Whoever is wrongly named must not keep what was learnt of this voice. A person who was added so is erased, not the turns.
      if (superseded.length > 0) for (const turn of target.turns) turn.said = undefined;
      for (const record of superseded) await this.#unlearn(record);
      learnt = isRejection ? nothing([]) : await this.#learn(request, person, target, feedbackId);
    } catch (error) {
      for (const turn of target.turns) turn.said = saidBefore.get(turn.turnId);
      for (const record of [...superseded].reverse()) if (record.isUndone) await this.#relearn(record);
      throw error;
    }
    const said = { feedbackId, verdict: request.verdict, speakerId: isRejection ? null : person };
    const record: FeedbackRecord = {
      feedbackId,
      givenAtMs: this.#parts.nowMs(),
      verdict: request.verdict,
      speakerId: said.speakerId,
      speakerIds: new Set([person, ...superseded.flatMap((one) => [...one.speakerIds])]),
      turnIds: target.turns.map(({ turnId }) => turnId),
      saidBefore,
      learning: learnt.learning,
      voiceprint: learnt.change,
      session: request.isOnlyTurn
        ? undefined
        : this.#tellSession(target, { speakerId: person, isExcluded: isRejection, saidBefore }),
      unknownVoice: learnt.change ? target.unknownVoice : undefined,
      superseded,
      isUndone: false,
      hasErased: false,
    };
    for (const turn of target.turns) turn.said = said;
    memory.addFeedback(tenantId, record);
    if (record.unknownVoice) await unknownVoices.delete(tenantId, record.unknownVoice.id);
    return record;
  }

  /** See TurnDirectory.undo. */
  async undo(feedbackId: string): Promise<FeedbackRecord> {
    const { memory, tenantId, sessionOf, unknownVoices } = this.#parts;
    const record = memory.feedback(tenantId).find((one) => one.feedbackId === feedbackId);
    if (!record || record.isUndone)
      throw new VoicePrintsError(
        'FEEDBACK_NOT_FOUND',
        'no such feedback is remembered, or it was undone; list the feedback to see what can be undone',
      );
    const superseded = [...record.superseded].reverse(); // an erasure empties the record's own list
    const turns = memory.turns(tenantId).filter(({ said }) => said?.feedbackId === feedbackId);
    const said = turns.map((turn) => turn.said);
    // Before anybody is erased: the turns of a person who was added by this go on, as they were.
    for (const turn of turns) turn.said = record.saidBefore.get(turn.turnId);
    try {
      await this.#unlearn(record);
      for (const one of superseded) await this.#relearn(one);
    } catch (error) {
      // As if it had not been tried, so that it can be tried again: what was taken out of a voiceprint by then is not there twice.
      record.isUndone = false;
      turns.forEach((turn, i) => {
        turn.said = said[i];
      });
      throw error;
    }
    const { session } = record;
    if (session) {
      const running = sessionOf(session.sessionId);
      if (session.isExcluded) running?.exclude(session.voice, session.speakerId, false);
      running?.bind(session.voice, session.before);
    }
    // One of a session is kept by the session itself while it runs.
    if (record.unknownVoice?.expiresAtMs !== undefined) await unknownVoices.restore(tenantId, record.unknownVoice);
    return record;
  }

  /** Earlier feedback that named this voice as somebody else, and taught that person's voiceprint with it; newest first. */
  #contradicted({ turns }: FeedbackTarget, speakerId: string | null): FeedbackRecord[] {
    const { memory, tenantId } = this.#parts;
    const said = new Set(turns.flatMap((turn) => turn.said?.feedbackId ?? []));
    return memory
      .feedback(tenantId)
      .filter((one) => said.has(one.feedbackId) && !one.isUndone && one.voiceprint && one.speakerId !== speakerId)
      .reverse();
  }

  async #learn(
    request: FeedbackRequest,
    speakerId: string,
    target: FeedbackTarget,
    feedbackId: string,
  ): Promise<Learnt> {
    const { registry, enrolments, tenantId, model, nowMs, isConsentRequired, recordedBy } = this.#parts;
    const exemplars = this.#exemplarsOf(target, speakerId);
    const person = { ...request, speakerId, tenantId, recordedBy };
    return enrolments.run(registry, { tenantId, speakerId }, async (guarded) => {
      const stored = await guarded.get(tenantId, speakerId);
      assertConsent(person, stored, isConsentRequired);
      if (!stored || stored.exemplars.length === 0) return this.#enrol(person, exemplars, guarded);
      const { othersOf } = this.#parts;
      return judgedNow(
        { tenantId, speakerId, registry: guarded, othersOf },
        function* (current, others) {
          if (!current) return nothing([]);
          return yield* learnFromVoice(current, exemplars, { model, others, feedbackId, nowMs: nowMs() });
        },
        async ({ judgement: { change }, isValidFor }) => {
          let isStored = false;
          await guarded.update(tenantId, speakerId, (current) => {
            isStored = isValidFor(current);
            if (!current || !isStored || !change) return current;
            return { ...change.after, consent: consentOf(person, change.after.updatedAtMs) ?? current.consent };
          });
          return isStored;
        },
      );
    });
  }

  /** A new person; throws ENROLL_REFUSED where the gate lets nothing through. */
  async #enrol(
    person: FeedbackRequest & { readonly speakerId: string; readonly tenantId: string; readonly recordedBy: string },
    exemplars: readonly UnknownExemplar[],
    guarded: VoiceprintRegistry,
  ): Promise<Learnt> {
    const { tenantId, model, nowMs, isConsentRequired } = this.#parts;
    const { speakerId } = person;
    const before = await guarded.get(tenantId, speakerId);
    if (exemplars.length === 0) throw refused('nothing of the sound of this voice is kept');
    const voice = { id: 'voice', exemplars, speechMs: 0, firstHeardMs: 0, lastHeardMs: 0, modelId: model.id };
    const unknownVoices = { delete: async () => false }; // it is taken out by whoever called
    const { othersOf } = this.#parts;
    const dependencies = { model, registry: guarded, unknownVoices, nowMs, isConsentRequired, othersOf };
    const { status, reasons } = await enrollFromVoice(person, voice, dependencies);
    if (status === 'rejected')
      throw refused(reasons.flatMap(({ refuses, message }) => (refuses ? [message] : [])).join('; '));
    const after = (await guarded.get(tenantId, speakerId))!;
    const added = after.exemplars.filter((exemplar) => !before?.exemplars.some((one) => isSameSample(one, exemplar)));
    const speechMs = added.reduce((sum, one) => sum + one.speechMs, 0);
    const learning: Learning = { outcome: 'enrolled', speechSeconds: speechMs / 1000, reasons };
    return { learning, change: { speakerId, before, after, added, dropped: [] } };
  }

  /** What may be learnt from: clear turns of the voice that have not taught this person yet, or what is kept of the unknown voice. */
  #exemplarsOf({ turns, unknownVoice }: FeedbackTarget, speakerId: string): readonly UnknownExemplar[] {
    const modelId = this.#parts.model.id;
    const usable = turns.filter(
      (turn) =>
        turn.sound !== undefined &&
        !turn.overlap &&
        turn.speechSeconds >= LEAST_TURN_SECONDS &&
        !this.#hasTaught(turn, speakerId),
    );
    const own = usable.map(({ sound, speechSeconds }): UnknownExemplar => {
      const { embedding, snrDb, isNarrowBand } = sound!;
      const bandwidth = isNarrowBand ? { bandwidthHz: TELEPHONE_HZ } : {};
      return { embedding: { modelId, values: embedding }, speechMs: 1000 * speechSeconds, snrDb, ...bandwidth };
    });
    const kept = unknownVoice?.modelId === modelId ? unknownVoice.exemplars : [];
    return speechOf(kept) > speechOf(own) ? kept : own;
  }

  #hasTaught({ said, turnId }: TurnEntry, speakerId: string): boolean {
    if (said?.speakerId !== speakerId) return false;
    const { memory, tenantId } = this.#parts;
    return memory
      .feedback(tenantId)
      .some((one) => !one.isUndone && one.voiceprint?.speakerId === speakerId && one.turnIds.includes(turnId));
  }

  /** A running session follows: its events name the voice from now on. */
  #tellSession(
    { turn }: FeedbackTarget,
    { speakerId, isExcluded, saidBefore }: SaidOfVoice,
  ): SessionChange | undefined {
    if (turn?.kind !== 'live' || turn.voice === undefined) return undefined;
    const session = this.#parts.sessionOf(turn.conversationId);
    if (!session) return undefined;
    const voice = Number(turn.voice);
    const before = saidBefore.get(turn.turnId)?.speakerId ?? undefined;
    if (isExcluded) {
      session.bind(voice, undefined);
      session.exclude(voice, speakerId, true);
    } else session.bind(voice, speakerId);
    return { sessionId: turn.conversationId, voice, speakerId, isExcluded, before };
  }

  async #unlearn(record: FeedbackRecord): Promise<void> {
    const { registry, tenantId, nowMs, erase } = this.#parts;
    const change = record.voiceprint;
    const current = change && (await registry.get(tenantId, change.speakerId)); // undefined: erased since
    if (current && undone(current, change, nowMs()) === undefined) {
      await erase(change.speakerId);
      record.hasErased = true;
    } else if (current)
      await changeStored(registry, tenantId, change.speakerId, (stored) => undone(stored, change, nowMs()) ?? stored);
    record.isUndone = true;
  }

  async #relearn(record: FeedbackRecord): Promise<void> {
    const { registry, tenantId, nowMs } = this.#parts;
    const { voiceprint: change, hasErased } = record;
    // A person whom undoing has erased is there again; one whom somebody else erased is not.
    const again = (stored: Voiceprint | undefined) =>
      stored ? redone(stored, change!, nowMs()) : hasErased ? change!.after : undefined;
    if (change) await registry.update(tenantId, change.speakerId, again);
    record.isUndone = false;
    record.hasErased = false;
  }
}

const speechOf = (exemplars: readonly UnknownExemplar[]): number =>
  exemplars.reduce((sum, { speechMs }) => sum + speechMs, 0);

const refused = (why: string): VoicePrintsError =>
  new VoicePrintsError('ENROLL_REFUSED', `nobody was enrolled: ${why}`);

/** A piece of feedback as lists show it; `names` of the people enrolled now. */
export function feedbackSummary(record: FeedbackRecord, names: Names): FeedbackSummary {
  const { feedbackId, verdict, speakerId, turnIds, learning, isUndone, givenAtMs } = record;
  const name = speakerId === null ? null : (names.get(speakerId) ?? speakerId);
  const givenAt = new Date(givenAtMs).toISOString();
  return { feedbackId, verdict, speakerId, name, turnIds, learning, givenAt, isUndone };
}
