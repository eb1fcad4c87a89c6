import { VoicePrintsError } from '../../core/errors.js';
import type { VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';

interface EnrolmentUnderWay {
  readonly tenantId: string;
  readonly speakerId: string;
  isErased: boolean;
}

/** What one engine enrols at the moment. Recordings take time to analyse: a person who is erased meanwhile stays erased. */
export class EnrolmentsUnderWay {
  readonly #all = new Set<EnrolmentUnderWay>();

  /**
   * Enrols through the registry that `work` is given: its `update` throws SPEAKER_NOT_FOUND where the person was erased since,
   * by this engine or, where there was a voiceprint already, by any process.
   */
  async run<T>(
    registry: VoiceprintRegistry,
    { tenantId, speakerId }: { readonly tenantId: string; readonly speakerId: string },
    work: (registry: VoiceprintRegistry) => Promise<T>,
  ): Promise<T> {
    const enrolment: EnrolmentUnderWay = { tenantId, speakerId, isErased: false };
    this.#all.add(enrolment);
    const before = registry.get(tenantId, speakerId);
    before.catch(() => undefined); // thrown by `update`, unless the work fails earlier
    const update: VoiceprintRegistry['update'] = async (tenant, id, change) => {
      const earlier = await before;
      return registry.update(tenant, id, (current) => {
        const isAnother = earlier !== undefined && current?.createdAtMs !== earlier.createdAtMs;
        if (enrolment.isErased || isAnother) throw erasedMeanwhile();
        return change(current);
      });
    };
    try {
      return await work({
        update,
        list: (...call) => registry.list(...call),
        page: (...call) => registry.page(...call),
        follow: (...call) => registry.follow(...call),
        get: (...call) => registry.get(...call),
        putAll: (...call) => registry.putAll(...call),
        delete: (...call) => registry.delete(...call),
        keepSpeech: (...call) => registry.keepSpeech(...call),
        speech: (...call) => registry.speech(...call),
        [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
      });
    } finally {
      this.#all.delete(enrolment);
    }
  }

  /** To be called before the voiceprint is deleted: what an enrolment has stored by then goes with it. */
  erase(tenantId: string, speakerId: string): void {
    for (const enrolment of this.#all) {
      if (enrolment.tenantId === tenantId && enrolment.speakerId === speakerId) enrolment.isErased = true;
    }
  }
}

const erasedMeanwhile = () =>
  new VoicePrintsError(
    'SPEAKER_NOT_FOUND',
    'this person was erased while the recordings were analysed, and nothing was stored; enrol again if that is intended',
  );
