import type { Exemplar, Voiceprint } from '../../core/voiceprint.js';
import { COMPLETE_SPEECH_MS } from '../../core/voiceprint.js';
import type { VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';
import { isEnrolled, meanOf, qualityOf } from './growVoiceprint.js';

/**
 * A voiceprint with the embeddings that this model made of its samples, at enrolment or later from kept audio. Unchanged
 * where the model embedded no sample, or too few for a complete voiceprint: it is stale then.
 */
export function asOfModel(voiceprint: Voiceprint, modelId: string): Voiceprint {
  if (voiceprint.mean === undefined || voiceprint.mean.modelId === modelId) return voiceprint;
  const embedded = voiceprint.exemplars.flatMap((exemplar) => exemplarOfModel(exemplar, modelId) ?? []);
  // What was learnt with feedback has no audio: another model never embeds it, and does without.
  const isWhole = embedded.length > 0 && embedded.length >= voiceprint.exemplars.filter(isEnrolled).length;
  const isAll = embedded.length === voiceprint.exemplars.length;
  const speechMs = isAll ? voiceprint.speechMs : embedded.reduce((sum, exemplar) => sum + exemplar.speechMs, 0);
  if (embedded.length === 0 || (!isWhole && speechMs < COMPLETE_SPEECH_MS)) return voiceprint;
  return {
    ...voiceprint,
    exemplars: embedded,
    mean: { modelId, values: meanOf(embedded) },
    speechMs,
    quality: qualityOf(embedded, speechMs),
    isComplete: speechMs >= COMPLETE_SPEECH_MS,
  };
}

/** The exemplar with this model's embedding in front, the others behind it; undefined where this model did not embed it. */
export function exemplarOfModel(exemplar: Exemplar, modelId: string): Exemplar | undefined {
  const { embedding, otherEmbeddings = [] } = exemplar;
  if (embedding.modelId === modelId) return exemplar;
  const own = otherEmbeddings.find((other) => other.modelId === modelId);
  if (!own) return undefined;
  return { ...exemplar, embedding: own, otherEmbeddings: [embedding, ...otherEmbeddings.filter((one) => one !== own)] };
}

/** A registry as an engine with this model sees it. Nothing is lost: embeddings of other models stay stored. */
export function registryOfModel(registry: VoiceprintRegistry, modelId: string): VoiceprintRegistry {
  const seen = (voiceprint: Voiceprint | undefined) => voiceprint && asOfModel(voiceprint, modelId);
  return {
    list: async (tenantId) => (await registry.list(tenantId)).map((voiceprint) => asOfModel(voiceprint, modelId)),
    page: async (...call) => {
      const page = await registry.page(...call);
      return { ...page, voiceprints: page.voiceprints.map((voiceprint) => asOfModel(voiceprint, modelId)) };
    },
    follow: (...call) => {
      const follower = registry.follow(...call);
      return {
        async *changes() {
          for await (const { put, gone } of follower.changes()) {
            yield { put: put.map((voiceprint) => asOfModel(voiceprint, modelId)), gone };
          }
        },
      };
    },
    get: async (tenantId, id) => seen(await registry.get(tenantId, id)),
    update: async (tenantId, id, change) => {
      const after = await registry.update(tenantId, id, (current) => {
        const view = seen(current);
        const changed = change(view);
        return changed === view ? current : changed; // an unchanged view is not written
      });
      return seen(after);
    },
    putAll: (...call) => registry.putAll(...call),
    delete: (...call) => registry.delete(...call),
    keepSpeech: (...call) => registry.keepSpeech(...call),
    speech: (...call) => registry.speech(...call),
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}
