import type { ModelStore, SegmentationModel, SpeakerModel } from '../../index.js';

/** The id that the user types. */
export const nameOf = ({ id, storedAs }: SpeakerModel | SegmentationModel): string => storedAs ?? id;

type InUse = Pick<ModelStore, 'defaultId' | 'segmentationId'>;

/** A model as `models` prints it; `model` is the id in answers and voiceprints. */
export const summaryOf = (model: SpeakerModel | SegmentationModel, inUse: InUse) =>
  'kind' in model ? segmentationSummary(model, inUse) : speakerModelSummary(model, inUse);

export const speakerModelSummary = (model: SpeakerModel, { defaultId }: InUse) => ({
  id: nameOf(model),
  kind: 'speaker',
  model: model.id,
  dimensions: model.dimensions,
  sampleRateHz: model.sampleRateHz,
  framework: model.framework,
  language: model.language,
  licence: model.licence,
  sha256: model.sha256,
  builtIn: model.isBuiltIn,
  calibrated: model.calibration !== undefined,
  inUse: nameOf(model) === defaultId,
});

export const segmentationSummary = (model: SegmentationModel, { segmentationId }: InUse) => ({
  id: nameOf(model),
  kind: model.kind,
  model: model.id,
  sampleRateHz: model.sampleRateHz,
  windowSeconds: model.windowSamples / model.sampleRateHz,
  author: model.author,
  licence: model.licence,
  sha256: model.sha256,
  builtIn: model.isBuiltIn,
  inUse: nameOf(model) === segmentationId,
});
