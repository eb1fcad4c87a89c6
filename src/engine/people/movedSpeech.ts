import type { Exemplar, KeptSpeech } from '../../core/voiceprint.js';
import type { VoiceprintRegistry } from '../../registry/voiceprintRegistry.js';
import { newAudioId } from '../enrolment/keptSpeech.js';

/** Samples as another person's: with their kept speech under ids of their own, as the registry erases that of the person they leave. */
export interface MovedSamples {
  readonly exemplars: readonly Exemplar[];
  /** To be called once the new owner is stored. */
  keepSpeech(): Promise<void>;
}

/** Reads the kept speech of samples that move to the person `id`. */
export async function movedSamples(
  registry: VoiceprintRegistry,
  { tenantId, id }: { readonly tenantId: string; readonly id: string },
  exemplars: readonly Exemplar[],
): Promise<MovedSamples> {
  const kept: { readonly audioId: string; readonly speech: KeptSpeech }[] = [];
  const moved: Exemplar[] = [];
  for (const { audioId, ...exemplar } of exemplars) {
    const speech = audioId === undefined ? undefined : await registry.speech(tenantId, audioId);
    if (!speech) {
      moved.push(exemplar);
      continue;
    }
    const own = newAudioId();
    kept.push({ audioId: own, speech });
    moved.push({ ...exemplar, audioId: own });
  }
  return {
    exemplars: moved,
    async keepSpeech() {
      for (const { audioId, speech } of kept) await registry.keepSpeech(tenantId, id, audioId, speech);
    },
  };
}
