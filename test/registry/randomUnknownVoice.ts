import type { UnknownVoice } from '../../src/core/unknownVoice.js';
import { unit } from '../../src/core/vector.js';

interface Wanted {
  readonly id?: string;
  readonly exemplars?: number;
  readonly lastHeardMs?: number;
  readonly expiresAtMs?: number;
}

/** An unknown voice like a real one in form and size; its numbers are random. Later exemplars have more speech. */
export function randomUnknownVoice({
  id = 'unknown-1',
  exemplars = 2,
  lastHeardMs = 0,
  expiresAtMs,
}: Wanted): UnknownVoice {
  const values = () => unit(Float32Array.from({ length: 192 }, () => Math.random() - 0.5));
  return {
    id,
    exemplars: Array.from({ length: exemplars }, (_, i) => ({
      embedding: { modelId: 'model-1', values: values() },
      speechMs: 2_000 + i,
      ...(i % 2 === 0 ? { snrDb: 17.5, bandwidthHz: 7_200 } : {}),
    })),
    speechMs: 40_000,
    firstHeardMs: lastHeardMs - 10,
    lastHeardMs,
    ...(expiresAtMs !== undefined && { expiresAtMs }),
    modelId: 'model-1',
  };
}
