import { VoicePrintsError } from '../core/errors.js';
import type { UnknownVoice } from '../core/unknownVoice.js';
import { enrollFromVoice } from './enrolment/enrollFromVoice.js';
import type { SpeakerDirectory } from './requests/speakers.js';
import type { SpeakerDirectoryParts } from './speakerDirectoryParts.js';
import { unknownVoiceSummary } from './voiceprints/unknownVoiceSummary.js';

/** The unknown voices of one tenant, over their port. */
export function unknownVoiceDirectory({
  registry,
  enrolments,
  unknownVoices,
  recordedBy,
  isConsentRequired,
  tenantId,
  model,
  othersOf,
  assertOpen,
  nowMs,
}: SpeakerDirectoryParts): Pick<SpeakerDirectory, 'unknowns' | 'enrollUnknown' | 'forgetUnknown'> {
  return {
    async unknowns() {
      assertOpen();
      const voices = await unknownVoices.list(tenantId);
      return voices.map((voice) => unknownVoiceSummary(voice, { modelId: model.id }));
    },
    async enrollUnknown({ cluster, ...person }) {
      assertOpen();
      const { speakerId } = person;
      return enrolments.run(registry, { tenantId, speakerId }, async (guarded) => {
        const voice = wanted(await unknownVoices.list(tenantId), cluster);
        const dependencies = { model, registry: guarded, unknownVoices, nowMs, isConsentRequired, othersOf };
        return enrollFromVoice({ ...person, tenantId, recordedBy }, voice, dependencies);
      });
    },
    async forgetUnknown(unknownId) {
      assertOpen();
      return unknownVoices.delete(tenantId, unknownId);
    },
  };
}

/** The voice with that id, or the most recent one. */
function wanted(voices: readonly UnknownVoice[], cluster: string | undefined): UnknownVoice {
  const [latest] = [...voices].sort((a, b) => b.lastHeardMs - a.lastHeardMs);
  const voice = cluster === undefined ? latest : voices.find(({ id }) => id === cluster);
  if (voice) return voice;
  throw new VoicePrintsError(
    'CLUSTER_NOT_FOUND',
    'there is no such unknown voice, or it has expired; list the unknown voices to see which are kept',
  );
}
