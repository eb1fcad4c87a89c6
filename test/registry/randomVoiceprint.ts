import { unit } from '../../src/core/vector.js';
import type { Embedding, Voiceprint } from '../../src/core/voiceprint.js';

interface Wanted {
  readonly id?: string;
  readonly tenantId?: string;
  readonly name?: string;
  readonly exemplars?: number;
  readonly dimensions?: number;
  readonly speechMs?: number;
  readonly modelId?: string;
}

/** A voiceprint like a real one in form and size; its numbers are random. */
export function randomVoiceprint({
  id = 'anna',
  tenantId = 't',
  name = 'Anna',
  exemplars = 2,
  dimensions = 192,
  speechMs = 12_000,
  modelId = 'model-1',
}: Wanted): Voiceprint {
  const embedding = (): Embedding => ({
    modelId,
    values: unit(Float32Array.from({ length: dimensions }, () => Math.random() - 0.5)),
  });
  return {
    id,
    tenantId,
    name,
    languageCode: 'en-US',
    exemplars: Array.from({ length: exemplars }, (_, i) => ({
      embedding: embedding(),
      speechMs: 6_000 + i,
      snrDb: 21.5,
      bandwidthHz: 7_600,
      enrolledAtMs: 1_700_000_000_000 + i,
    })),
    mean: embedding(),
    speechMs,
    audioMs: 15_000,
    quality: 'good',
    isComplete: true,
    consent: { text: 'Yes, for the door.', givenAtMs: 1_700_000_000_000 },
    createdAtMs: 1_700_000_000_000,
    updatedAtMs: 1_700_000_000_001,
  };
}
