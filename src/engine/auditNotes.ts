import type { Actor, AuditAction, AuditEntry, AuditTrail } from '../core/audit.js';
import { asVoicePrintsError } from '../core/errors.js';
import type { EnrollResult } from '../core/identification.js';
import type { SpeakerDirectory } from './requests/speakers.js';
import type { TurnDirectory } from './requests/turns.js';
import { isSpeakerId } from './voiceprints/speakerId.js';

type Outcome = AuditEntry['outcome'];

/** The action, and the person concerned as far as known beforehand. */
interface Deed {
  readonly action: AuditAction;
  readonly speakerIds: readonly string[];
  readonly unknownId?: string | undefined;
}

export interface AuditNotesOptions {
  readonly trail: AuditTrail;
  readonly tenantId: string;
  readonly actor: Actor;
  readonly nowMs: () => number;
}

/** Records actions in the audit log, after they succeeded or failed. */
export class AuditNotes {
  readonly #options: AuditNotesOptions;

  constructor(options: AuditNotesOptions) {
    this.#options = options;
  }

  /** Who acts, as the log names them. */
  get actorName(): string {
    return this.#options.actor.name;
  }

  /** Enrols, and notes the gate's decision. */
  enrolled(deed: Deed, work: () => Promise<EnrollResult>): Promise<EnrollResult> {
    return this.#noted(deed, work, ({ status }) => ({ outcome: status }));
  }

  /** Records whose voiceprint was computed from kept audio for the model in use. */
  reembedded(speakerIds: readonly string[]): Promise<void> {
    return this.#append({ action: 're-embed', speakerIds }, { outcome: 'done' });
  }

  /** The same directory, with its changes and exports recorded. */
  over(directory: SpeakerDirectory): SpeakerDirectory {
    const done = () => ({ outcome: 'done' }) as const;
    const doneOrAbsent = (was: boolean) => ({ outcome: was ? 'done' : 'absent' }) as const;
    return {
      ...directory,
      rename: (speakerId, name) =>
        this.#noted({ action: 'rename', speakerIds: [speakerId] }, () => directory.rename(speakerId, name), done),
      removeSample: (speakerId, sampleId) =>
        this.#noted(
          { action: 'remove sample', speakerIds: [speakerId] },
          () => directory.removeSample(speakerId, sampleId),
          done,
        ),
      merge: (speakerId, fromId, options) =>
        this.#noted(
          { action: 'merge', speakerIds: [speakerId, fromId] },
          () => directory.merge(speakerId, fromId, options),
          done,
        ),
      split: (speakerId, request) =>
        this.#noted(
          { action: 'split', speakerIds: [speakerId, request.speakerId] },
          () => directory.split(speakerId, request),
          done,
        ),
      delete: (speakerId) =>
        this.#noted({ action: 'erase', speakerIds: [speakerId] }, () => directory.delete(speakerId), doneOrAbsent),
      export: async (passphrase, speakerIds) => {
        const asked = speakerIds ?? (await idsOf(directory));
        const { bytes } = await this.#noted(
          { action: 'export', speakerIds: asked },
          async () => {
            const exported = await directory.export(passphrase, speakerIds);
            // People erased during the export are not in it.
            const left = speakerIds ? asked : asked.filter(isAmong(await idsOf(directory)));
            return { bytes: exported, left };
          },
          ({ left }) => ({ outcome: 'done', speakerIds: left }),
        );
        return bytes;
      },
      import: (bytes, passphrase, options) =>
        this.#noted(
          { action: 'import', speakerIds: [] },
          () => directory.import(bytes, passphrase, options),
          (people) => ({ outcome: 'done', speakerIds: people.map((speaker) => speaker.speakerId) }),
        ),
      enrollUnknown: (request) =>
        this.enrolled({ action: 'enrol unknown', speakerIds: [request.speakerId], unknownId: request.cluster }, () =>
          directory.enrollUnknown(request),
        ),
      forgetUnknown: (unknownId) =>
        this.#noted(
          { action: 'forget unknown', speakerIds: [], unknownId },
          () => directory.forgetUnknown(unknownId),
          doneOrAbsent,
        ),
    };
  }

  /** The same for what is said of turns. */
  overTurns(turns: TurnDirectory): TurnDirectory {
    const concerned = (speakerId: string | null) => (speakerId === null ? [] : [speakerId]);
    return {
      ...turns,
      feedback: (request) =>
        this.#noted(
          { action: 'feedback', speakerIds: concerned(request.speakerId ?? null), unknownId: request.cluster },
          () => turns.feedback(request),
          ({ speakerId }) => ({ outcome: 'done', speakerIds: concerned(speakerId) }),
        ),
      undo: (feedbackId) =>
        this.#noted(
          { action: 'undo feedback', speakerIds: [] },
          () => turns.undo(feedbackId),
          ({ speakerId }) => ({ outcome: 'done', speakerIds: concerned(speakerId) }),
        ),
    };
  }

  /** What fails is noted and thrown; a trail that cannot be written is thrown where nothing else is. */
  async #noted<T>(
    deed: Deed,
    work: () => Promise<T>,
    resultOf: (result: T) => { readonly outcome: Outcome; readonly speakerIds?: readonly string[] },
  ): Promise<T> {
    let result: T;
    try {
      result = await work();
    } catch (thrown) {
      const error = asVoicePrintsError(thrown);
      await this.#append(deed, { outcome: 'failed', code: error.code }).catch(() => undefined); // the original failure is more informative
      throw error;
    }
    const { outcome, speakerIds } = resultOf(result);
    await this.#append({ ...deed, ...(speakerIds && { speakerIds }) }, { outcome });
    return result;
  }

  #append({ action, speakerIds, unknownId }: Deed, end: Pick<AuditEntry, 'outcome' | 'code'>): Promise<void> {
    const { trail, tenantId, actor, nowMs } = this.#options;
    const concerned = speakerIds.length > 0 || (end.outcome === 'done' && !unknownId) ? speakerIds : [undefined];
    const entries = concerned.map((speakerId) => ({
      time: new Date(nowMs()).toISOString(),
      tenantId,
      actor: actor.name,
      ...(actor.requestId !== undefined && { requestId: actor.requestId }),
      action,
      // An invalid id may be anything, for example a name.
      speakerId: speakerId !== undefined && isSpeakerId(speakerId) ? speakerId : null,
      ...(unknownId !== undefined && isUnknownId(unknownId) && { unknownId }),
      ...end,
    }));
    return trail.append(entries);
  }
}

const idsOf = async (directory: SpeakerDirectory): Promise<readonly string[]> =>
  (await directory.list()).map(({ speakerId }) => speakerId);

const isAmong = (ids: readonly string[]) => (id: string) => ids.includes(id);

const isUnknownId = (text: string): boolean => /^unknown-\d{1,9}$/.test(text);
