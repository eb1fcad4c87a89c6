import { VoicePrintsError } from '../core/errors.js';
import type { SpeakerSummary } from '../core/identification.js';
import { present } from '../core/present.js';
import { openExport, sealExport } from '../registry/exportFile.js';
import { peopleOperations } from './people/peopleOperations.js';
import type { SpeakerDirectory } from './requests/speakers.js';
import type { SpeakerDirectoryParts } from './speakerDirectoryParts.js';
import { unknownVoiceDirectory } from './unknownVoiceDirectory.js';
import { assertName, assertPersonTexts } from './voiceprints/personTexts.js';
import { assertSpeakerId, speakersNotFound } from './voiceprints/speakerId.js';
import { speakerSummary } from './voiceprints/speakerSummary.js';

/** An export holds biometric data: a passphrase shorter than this would not be one. */
const MIN_PASSPHRASE_LENGTH = 8;

/** The enrolled people of one tenant, over a registry. */
export function speakerDirectory(parts: SpeakerDirectoryParts): SpeakerDirectory {
  const { registry, tenantId, assertOpen, nowMs } = parts;
  const modelId = parts.model.id;
  return {
    async list() {
      assertOpen();
      return parts.list();
    },
    async page({ limit, cursor }) {
      assertOpen();
      const { voiceprints, next } = await registry.page(tenantId, { limit, after: cursor });
      const speakers = voiceprints.map((voiceprint) => speakerSummary(voiceprint, modelId));
      return { speakers, ...present({ cursor: next }) };
    },
    async get(speakerId) {
      assertOpen();
      const voiceprint = await registry.get(tenantId, speakerId);
      return voiceprint && speakerSummary(voiceprint, modelId);
    },
    async rename(speakerId, name) {
      assertOpen();
      assertName(name);
      const renamed = await registry.update(tenantId, speakerId, (current) => {
        if (!current) throw speakersNotFound([speakerId]);
        return { ...current, name, updatedAtMs: nowMs() };
      });
      return speakerSummary(renamed!, modelId);
    },
    async delete(speakerId) {
      assertOpen();
      return parts.eraseEverywhere(speakerId, () => registry.delete(tenantId, speakerId));
    },
    async export(passphrase, speakerIds) {
      assertOpen();
      assertPassphrase(passphrase);
      const asked = speakerIds && new Set(speakerIds);
      for (;;) {
        const all = await registry.list(tenantId);
        const there = new Set(all.map(({ id }) => id));
        const missing = [...(asked ?? [])].filter((id) => !there.has(id));
        if (missing.length > 0) throw speakersNotFound(missing);
        const exported = asked ? all.filter(({ id }) => asked.has(id)) : all;
        const bytes = await sealExport(exported, passphrase);
        // Sealing takes time: a person erased meanwhile must not be in the export.
        const left = new Set((await registry.list(tenantId)).map(({ id }) => id));
        if (exported.every(({ id }) => left.has(id))) return bytes;
      }
    },
    async import(bytes, passphrase, { replace = false } = {}): Promise<readonly SpeakerSummary[]> {
      assertOpen();
      const voiceprints = await openExport(bytes, passphrase);
      for (const { id, name, languageCode, consent } of voiceprints) {
        assertSpeakerId(id);
        assertPersonTexts({ name, languageCode, consentText: consent?.text, consentVersion: consent?.version });
      }
      await registry.putAll(tenantId, voiceprints, { replace });
      return voiceprints.map((voiceprint) => speakerSummary(voiceprint, modelId));
    },
    reembed: parts.reembed,
    ...peopleOperations(parts),
    ...unknownVoiceDirectory(parts),
  };
}

function assertPassphrase(passphrase: string): void {
  if (passphrase.length >= MIN_PASSPHRASE_LENGTH) return;
  throw new VoicePrintsError(
    'INPUT_INVALID',
    `the passphrase of an export needs at least ${MIN_PASSPHRASE_LENGTH} characters; choose a longer one`,
    { details: { minimum: MIN_PASSPHRASE_LENGTH } },
  );
}
