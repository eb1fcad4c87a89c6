import type { StorePlace } from '../core/storePlace.js';
import type { EnrolmentsUnderWay } from './enrolment/enrolmentsUnderWay.js';
import { noteErasure } from './jobs/eraseFromJobs.js';
import type { TurnMemory } from './turns/turnMemory.js';
import { isSpeakerId } from './voiceprints/speakerId.js';

/** Told of an erased person. */
export type OnErased = (tenantId: string, speakerId: string) => Promise<void>;

export interface ErasuresOptions {
  readonly place: StorePlace;
  readonly encryptionKey: string | undefined;
  readonly enrolments: EnrolmentsUnderWay;
  readonly turns: TurnMemory;
  /** Takes who was erased out of the memory. */
  readonly lookAgain: (tenantId: string) => Promise<void>;
}

/** Erases people from everything that an engine and its jobs keep. */
export class Erasures {
  readonly #options: ErasuresOptions;
  readonly #listeners = new Set<OnErased>();

  constructor(options: ErasuresOptions) {
    this.#options = options;
  }

  onErased(listener: OnErased): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Deletes a voiceprint with `erase`, and the person from everything else that is kept. */
  async everywhere(tenantId: string, speakerId: string, erase: () => Promise<boolean>): Promise<boolean> {
    if (!isSpeakerId(speakerId)) return erase(); // no speaker can have it, and it may be anything, for example a name
    // Noted first: a process that ends in between leaves it for the next that opens the jobs.
    const { place, encryptionKey, enrolments, turns, lookAgain } = this.#options;
    const fromJobs = await noteErasure(place, encryptionKey, { tenantId, speakerId });
    enrolments.erase(tenantId, speakerId);
    let wasThere: boolean;
    try {
      wasThere = await erase();
      turns.erase(tenantId, speakerId);
      // What cannot be read now is looked at again by whoever needs everybody.
      await lookAgain(tenantId).catch(() => undefined);
    } catch (error) {
      await fromJobs?.cancel();
      throw error;
    }
    await fromJobs?.confirm();
    await Promise.all([...this.#listeners].map((listener) => listener(tenantId, speakerId)));
    await fromJobs?.finish();
    return wasThere;
  }
}
