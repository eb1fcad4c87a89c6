import type { Embedding, Exemplar, Voiceprint } from '../../core/voiceprint.js';
import type { VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';
import type { Compute } from '../compute/compute.js';
import { embedKept } from './keptSpeech.js';
import { exemplarOfModel } from './modelView.js';

export interface ReembedDependencies {
  /** Called for each person whose kept audio was embedded again. */
  readonly onReembedded?: (speakerIds: readonly string[]) => Promise<void>;
  /** As the engine's model sees it. */
  readonly registry: VoiceprintRegistry;
  readonly tenantId: string;
  readonly modelId: string;
  /** Called only where there is something to embed. */
  readonly openCompute: () => Promise<Compute>;
}

/** What became of the voiceprints of another model. */
export interface Reembedded {
  /** People whose kept audio was embedded again: they can be matched. */
  readonly reembedded: number;
  /** People who cannot be matched by this model: their audio was not kept, or too little of it. */
  readonly stale: number;
}

export interface ReembedOptions {
  readonly signal: AbortSignal;
  /** People done, of those whose audio was kept. */
  readonly onPerson?: ((done: number, total: number) => void) | undefined;
}

export const isStale = ({ mean }: Voiceprint, modelId: string): boolean =>
  mean !== undefined && mean.modelId !== modelId;

/** True for a voiceprint of another model that has audio which this model has not embedded. */
export const canBeReembedded = (voiceprint: Voiceprint, modelId: string): boolean =>
  isStale(voiceprint, modelId) && voiceprint.exemplars.some((exemplar) => lacksEmbedding(exemplar, modelId));

/** Embeds the kept audio of all people that the model in use cannot match; the voiceprints then hold embeddings of both models. */
export async function reembedStale(
  { registry, tenantId, modelId, openCompute, onReembedded }: ReembedDependencies,
  { signal, onPerson }: ReembedOptions,
): Promise<Reembedded> {
  const stale = (await registry.list(tenantId)).filter((voiceprint) => isStale(voiceprint, modelId));
  const due = stale.filter((voiceprint) => canBeReembedded(voiceprint, modelId));
  const reembeddedIds: string[] = [];
  for (const [done, voiceprint] of due.entries()) {
    signal.throwIfAborted();
    const embeddings = await embedSamples(voiceprint, { registry, tenantId, modelId, openCompute }, signal);
    const after = await registry.update(
      tenantId,
      voiceprint.id,
      (current) => current && withEmbeddings(current, embeddings),
    );
    if (after && !isStale(after, modelId)) reembeddedIds.push(voiceprint.id);
    onPerson?.(done + 1, due.length);
  }
  if (reembeddedIds.length > 0) await onReembedded?.(reembeddedIds);
  return { reembedded: reembeddedIds.length, stale: stale.length - reembeddedIds.length };
}

const lacksEmbedding = (exemplar: Exemplar, modelId: string): boolean =>
  exemplar.audioId !== undefined && exemplarOfModel(exemplar, modelId) === undefined;

/** Embeddings of the kept samples, by audioId. */
async function embedSamples(
  { exemplars }: Voiceprint,
  { registry, tenantId, modelId, openCompute }: ReembedDependencies,
  signal: AbortSignal,
): Promise<Map<string, Embedding>> {
  const embeddings = new Map<string, Embedding>();
  for (const exemplar of exemplars) {
    if (exemplar.audioId === undefined || !lacksEmbedding(exemplar, modelId)) continue;
    const speech = await registry.speech(tenantId, exemplar.audioId);
    if (speech) embeddings.set(exemplar.audioId, await embedKept(speech, await openCompute(), signal));
  }
  return embeddings;
}

/** The current voiceprint, with the new embeddings after those it has. */
function withEmbeddings(current: Voiceprint, embeddings: ReadonlyMap<string, Embedding>): Voiceprint {
  if (embeddings.size === 0) return current;
  return {
    ...current,
    exemplars: current.exemplars.map((exemplar) => {
      const embedding = exemplar.audioId === undefined ? undefined : embeddings.get(exemplar.audioId);
      if (!embedding || exemplarOfModel(exemplar, embedding.modelId)) return exemplar;
      return { ...exemplar, otherEmbeddings: [...(exemplar.otherEmbeddings ?? []), embedding] };
    }),
  };
}
