import type { Exemplar, Voiceprint } from '../../core/voiceprint.js';
import type { VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';
import { isEnrolled, withExemplars } from '../enrolment/growVoiceprint.js';
import type { VoiceprintChange } from './feedbackRecord.js';

/**
 * A voiceprint without what a piece of feedback brought. Exactly as before where nothing else has changed it since; else without the
 * samples that it added, and with those that gave way. Undefined: nothing is left, the person was added by it.
 */
export function undone(
  current: Voiceprint,
  { before, after, added, dropped }: VoiceprintChange,
  nowMs: number,
): Voiceprint | undefined {
  if (isSameState(current, after)) return before;
  const left = current.exemplars.filter((exemplar) => !added.some((one) => isSameSample(one, exemplar)));
  const back = dropped.filter((exemplar) => !left.some((one) => isSameSample(one, exemplar)));
  const exemplars = inOrder([...left, ...back]);
  return exemplars.length === 0 ? undefined : withExemplars(current, exemplars, nowMs);
}

/** The opposite: a voiceprint with what the feedback brought once more. */
export function redone(current: Voiceprint, change: VoiceprintChange, nowMs: number): Voiceprint {
  const { before, after, added, dropped } = change;
  if (before && isSameState(current, before)) return after;
  const left = current.exemplars.filter((exemplar) => !dropped.some((one) => isSameSample(one, exemplar)));
  const more = added.filter((exemplar) => !left.some((one) => isSameSample(one, exemplar)));
  return withExemplars(current, inOrder([...left, ...more]), nowMs);
}

/** Samples of enrolments first, each kind oldest first. */
const inOrder = (exemplars: readonly Exemplar[]): Exemplar[] =>
  [...exemplars].sort((a, b) => Number(!isEnrolled(a)) - Number(!isEnrolled(b)) || a.enrolledAtMs - b.enrolledAtMs);

/** Applies it to the stored voiceprint; a person who was erased meanwhile stays erased. */
export async function changeStored(
  registry: VoiceprintRegistry,
  tenantId: string,
  speakerId: string,
  change: (current: Voiceprint) => Voiceprint | undefined,
): Promise<Voiceprint | undefined> {
  return registry.update(tenantId, speakerId, (current) => current && change(current));
}

const isSameState = (one: Voiceprint, other: Voiceprint): boolean =>
  one.updatedAtMs === other.updatedAtMs &&
  one.name === other.name &&
  one.exemplars.length === other.exemplars.length &&
  one.exemplars.every((exemplar, i) => isSameSample(exemplar, other.exemplars[i]!));

/** Stored samples have no id, and are as good as unique by their embedding. */
export const isSameSample = ({ embedding: one }: Exemplar, { embedding: other }: Exemplar): boolean =>
  one.modelId === other.modelId && one.values.every((value, i) => value === other.values[i]);
