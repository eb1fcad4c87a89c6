import { z } from 'zod';

const calibration = z.strictObject({
  offset: z.number(),
  cosine: z.number(),
  logSeconds: z.number(),
  cosineLogSeconds: z.number(),
  narrowBand: z.number(),
  narrowBandBoth: z.number().exactOptional(),
  falseAcceptLlr: z.object({ '0.1': z.number(), '1': z.number(), '5': z.number() }),
  voiceLogSeconds: z.number().exactOptional(),
  cosineVoiceLogSeconds: z.number().exactOptional(),
  alone: z.number().exactOptional(),
  cosineAlone: z.number().exactOptional(),
  mostSeconds: z.number().positive().exactOptional(),
  centring: z.number().positive().exactOptional(),
  gallerySize: z.number().int().positive().exactOptional(),
  gallerySlope: z.number().min(0).exactOptional(),
  windowCosine: z.object({ same: z.number(), different: z.number() }).exactOptional(),
  recordingCosine: z.object({ offset: z.number(), cosine: z.number() }).exactOptional(),
  source: z.string(),
});

const frontEnd = z.strictObject({
  windowType: z.enum(['povey', 'hamming']).exactOptional(),
  lowFrequencyHz: z.number().min(0).exactOptional(),
  highFrequencyHz: z.number().positive().max(8000).exactOptional(),
  isSnippingEdges: z.boolean().exactOptional(),
  amplitudeScale: z.number().positive().exactOptional(),
});

const segmentationEntry = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/),
  file: z.string().regex(/^[a-zA-Z0-9._-]+\.onnx$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  licence: z.string().min(1),
});

const entry = segmentationEntry.extend({
  frontEnd: frontEnd.exactOptional().describe('Where the training differed from what the metadata can say'),
  calibration: calibration.exactOptional(),
});

const builtInSegmentation = segmentationEntry.extend({
  replaces: z.array(z.string()).default([]).describe('Ids of former releases: who named one of these gets this model'),
});

function hasOwnIds(manifest: { models: { id: string }[]; segmentation?: { id: string } }): boolean {
  const ids = [...manifest.models, ...(manifest.segmentation ? [manifest.segmentation] : [])].map(({ id }) => id);
  return new Set(ids).size === ids.length;
}

/** models/manifest.json: the models in the package. */
export const modelManifest = z
  .strictObject({
    default: z.string(),
    models: z.array(entry).min(1),
    segmentation: builtInSegmentation.exactOptional().describe('Used for recordings where no other was chosen'),
  })
  .refine((manifest) => manifest.models.some(({ id }) => id === manifest.default), {
    path: ['default'],
    error: 'must be the id of one of the models',
  })
  .refine(hasOwnIds, { path: ['models'], error: 'must have ids of their own' });

export type ModelManifest = z.output<typeof modelManifest>;
export type ManifestEntry = z.output<typeof entry>;
export type SegmentationEntry = z.output<typeof segmentationEntry>;
