import { isDeepStrictEqual } from 'node:util';
import { inSlices, type Steps } from '../../core/steps.js';
import type { Voiceprint } from '../../core/voiceprint.js';
import type { VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';
import type { OtherPeople, OthersOf } from './otherPeople.js';

export interface JudgedPerson {
  readonly tenantId: string;
  readonly speakerId: string;
  readonly registry: Pick<VoiceprintRegistry, 'get'>;
  readonly othersOf: OthersOf;
}

/** A judgement, and whether it still holds for the person as they are now: to be asked in the step that stores it. */
interface Judged<T> {
  readonly judgement: T;
  readonly isValidFor: (now: Voiceprint | undefined) => boolean;
}

/** So often other people who changed meanwhile are looked at anew: where somebody always does, an enrolment must end all the same. */
const MOST_LOOKS = 3;

/**
 * Compares a person with everybody else in slices of a few milliseconds, and stores what comes of it. Meanwhile people are enrolled,
 * changed and erased: then it is done again, so that nothing is stored, or answered, of a person who was changed, and nobody is found
 * who was erased.
 *
 * @param store false where the judgement was not valid any more
 */
export async function judgedNow<T>(
  { registry, tenantId, speakerId, othersOf }: JudgedPerson,
  judge: (current: Voiceprint | undefined, others: OtherPeople) => Steps<T>,
  store: (judged: Judged<T>) => Promise<boolean>,
): Promise<T> {
  let others = await othersOf(tenantId, speakerId);
  for (let looks = 1; ; looks += 1) {
    const current = await registry.get(tenantId, speakerId);
    const judgedAmong = others;
    const judgement = await inSlices(judge(current, judgedAmong));
    others = await othersOf(tenantId, speakerId);
    if (others.moment !== judgedAmong.moment && looks < MOST_LOOKS) continue;
    const isValidFor = (now: Voiceprint | undefined) => judgedAmong.isFoundThere && isDeepStrictEqual(now, current);
    if (await store({ judgement, isValidFor })) return judgement;
  }
}
