import { VoicePrintsError } from '../../core/errors.js';
import type { SpeakerSummary } from '../../core/identification.js';
import type { Voiceprint } from '../../core/voiceprint.js';
import { UNCALIBRATED } from '../../identity/calibration.js';
import { assertConsent, consentOf } from '../enrolment/consent.js';
import { GATE_LIMITS } from '../enrolment/enrollGate.js';
import { mergedVoiceprint, withExemplars } from '../enrolment/growVoiceprint.js';
import { knownVoiceOf, llrBetweenPeople } from '../enrolment/knownVoice.js';
import type { SpeakerDirectory } from '../requests/speakers.js';
import type { SpeakerDirectoryParts } from '../speakerDirectoryParts.js';
import { assertPersonTexts } from '../voiceprints/personTexts.js';
import { assertSpeakerId, speakersNotFound } from '../voiceprints/speakerId.js';
import { speakerSummary } from '../voiceprints/speakerSummary.js';
import { movedSamples } from './movedSpeech.js';
import { apart, speakerSamples } from './speakerSamples.js';

/** What can be done to voiceprints after they were enrolled. */
export function peopleOperations(
  parts: SpeakerDirectoryParts,
): Pick<SpeakerDirectory, 'samples' | 'removeSample' | 'merge' | 'split'> {
  const { registry, tenantId, model, assertOpen, nowMs } = parts;
  const existing = async (speakerId: string): Promise<Voiceprint> => {
    const voiceprint = await registry.get(tenantId, speakerId);
    if (voiceprint) return voiceprint;
    throw speakersNotFound([speakerId]);
  };
  return {
    async samples(speakerId) {
      assertOpen();
      return speakerSamples(await existing(speakerId));
    },
    async removeSample(speakerId, sampleId) {
      assertOpen();
      const after = await registry.update(tenantId, speakerId, (current) => {
        if (!current) throw speakersNotFound([speakerId]);
        return without(current, [sampleId], nowMs());
      });
      return speakerSummary(after!, model.id);
    },
    async merge(speakerId, fromId, { isSure = false } = {}) {
      assertOpen();
      if (speakerId === fromId)
        throw new VoicePrintsError('INPUT_INVALID', 'a person cannot be merged with themselves; give two ids');
      return parts.inOrder(() => merged(parts, { speakerId, fromId, isSure }));
    },
    async split(speakerId, { sampleIds, speakerId: newId, name, ...consent }) {
      assertOpen();
      assertSpeakerId(newId);
      assertPersonTexts({ name, ...consent });
      const given = { ...consent, recordedBy: parts.recordedBy };
      assertConsent(given, undefined, parts.isConsentRequired);
      const from = await existing(speakerId);
      const { chosen } = apart(from, sampleIds);
      without(from, sampleIds, nowMs());
      const at = nowMs();
      const moved = await movedSamples(registry, { tenantId, id: newId }, chosen);
      // The new person first: whatever fails in between, no sample is lost.
      const made = await registry.update(tenantId, newId, (current) => {
        if (current) throw exists(newId);
        const empty = { ...from, id: newId, name: name ?? newId, exemplars: [], speechMs: 0, audioMs: 0 };
        const consented = { ...empty, consent: consentOf(given, at), createdAtMs: at };
        // As samples of an enrolment: there is nothing else that they could be weighed against.
        return withExemplars(
          consented,
          moved.exemplars.map(({ feedbackId: _, ...exemplar }) => exemplar),
          at,
        );
      });
      await moved.keepSpeech();
      try {
        await registry.update(tenantId, speakerId, (current) => current && without(current, sampleIds, at));
      } catch (error) {
        await registry.delete(tenantId, newId);
        throw error;
      }
      return speakerSummary(made!, model.id);
    },
  };
}

/**
 * Joins two entries of one person. The one that goes is erased only as it was read: what another process has added to it
 * meanwhile would be lost, and two who merge the same people in both directions would erase both.
 */
async function merged(
  parts: SpeakerDirectoryParts,
  { speakerId, fromId, isSure }: { readonly speakerId: string; readonly fromId: string; readonly isSure: boolean },
): Promise<SpeakerSummary> {
  const { registry, tenantId, model, nowMs } = parts;
  const from = await registry.get(tenantId, fromId);
  if (!from) throw speakersNotFound([fromId]);
  const moved = await movedSamples(registry, { tenantId, id: speakerId }, from.exemplars);
  let before: Voiceprint | undefined;
  const after = await registry.update(tenantId, speakerId, (current) => {
    if (!current) throw speakersNotFound([speakerId]);
    assertMergeable(current, from, { model, isSure });
    before = current;
    return mergedVoiceprint(current, { ...from, exemplars: moved.exemplars }, nowMs());
  });
  try {
    await moved.keepSpeech();
    await parts.eraseEverywhere(fromId, async () => {
      await registry.update(tenantId, fromId, (current) => {
        if (!current || !isAsRead(current, from)) throw changedMeanwhile();
        return undefined;
      });
      parts.onMerged(fromId, speakerId);
      return true;
    });
  } catch (error) {
    await registry.update(tenantId, speakerId, (now) => (now && isAsRead(now, after!) ? before : now));
    throw error;
  }
  return speakerSummary(after!, model.id);
}

const isAsRead = (current: Voiceprint, read: Voiceprint): boolean =>
  current.createdAtMs === read.createdAtMs &&
  current.updatedAtMs === read.updatedAtMs &&
  current.exemplars.length === read.exemplars.length;

const changedMeanwhile = (): VoicePrintsError =>
  new VoicePrintsError(
    'REGISTRY_LOCKED',
    'somebody else changed the person meanwhile, and nothing was merged; look at both, and merge again',
  );

/** Throws SAMPLE_NOT_FOUND, and INPUT_INVALID where nothing would be left to recognise the person by. */
function without(current: Voiceprint, sampleIds: readonly string[], nowMs: number): Voiceprint {
  const { others } = apart(current, sampleIds);
  if (others.length > 0) return withExemplars(current, others, nowMs);
  throw new VoicePrintsError(
    'INPUT_INVALID',
    'these are all samples of the person; erase the person instead, or leave one sample',
  );
}

function assertMergeable(
  current: Voiceprint,
  from: Voiceprint,
  { model, isSure }: { readonly model: SpeakerDirectoryParts['model']; readonly isSure: boolean },
): void {
  const [one, other] = [current, from].map((voiceprint) => knownVoiceOf(voiceprint, model.id));
  if (!one || !other)
    throw new VoicePrintsError(
      'INPUT_INVALID',
      'one of the voiceprints was made with another speaker model; enrol that person again, then merge',
    );
  if (isSure || llrBetweenPeople(one, other, model.calibration ?? UNCALIBRATED) >= GATE_LIMITS.disagreesLlr) return;
  throw new VoicePrintsError(
    'ENROLL_REFUSED',
    'these two do not sound like one person; listen to their samples, and merge with isSure if they are',
  );
}

const exists = (speakerId: string): VoicePrintsError =>
  new VoicePrintsError('SPEAKER_EXISTS', 'the new person is enrolled already; choose another id, or merge the two', {
    details: { speakerIds: speakerId },
  });
