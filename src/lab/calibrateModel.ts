import type { CalibrationParameters } from '../core/calibration.js';
import { msOfSamples } from '../core/time.js';
import { centroid, dot } from '../core/vector.js';
import type { Trials } from '../evaluation/detectionMetrics.js';
import {
  type CalibrationTrial,
  fitCalibration,
  GALLERY_SIZE,
  presetLlrs,
  type RecordingTrial,
} from '../evaluation/fitCalibration.js';
import { logisticFit } from '../evaluation/logisticFit.js';
import { llrOf } from '../identity/calibration.js';
import { voiceCosine } from '../identity/matchVoices.js';
import type { EnrolledVoice } from '../identity/voices.js';
import {
  type CalibrationMaterialOptions,
  type CalibrationSpeaker,
  calibrationSpeakers,
  type EmbeddedSpeech,
} from './calibrationMaterial.js';

export interface CalibrateModelOptions extends CalibrationMaterialOptions {
  /** Description of the manifest, for the model card. */
  readonly source: string;
}

/** Lengths of speech of the probes. */
const PROBE_SECONDS = [1.5, 3, 6, 12];

/**
 * Fits the calibration of a speaker model to the people of a manifest, each enrolled with three samples and probed with
 * speech of 1.5 to 12 s: as recorded, over a telephone and in noisy rooms. Impostors are people of the same group.
 *
 * @throws VoicePrintsError INPUT_INVALID with too few people, and the errors of the decoder, the network and the signal
 */
export async function calibrateModel(options: CalibrateModelOptions): Promise<CalibrationParameters> {
  return calibrationOf(await calibrationSpeakers(options), options.source);
}

/** The fit alone, over people already embedded. */
export function calibrationOf(speakers: readonly CalibrationSpeaker[], source: string): CalibrationParameters {
  const people = speakers.length;
  const voices = speakers.map(voiceOf);
  const meanVoice = meanOf(voices);
  return fitCalibration({
    trials: trialsOf(speakers, voices, meanVoice),
    meanVoice,
    recordingTrials: recordingTrialsOf(speakers),
    windowCosine: windowCosineOf(speakers),
    source: `${source}: ${people} people, as recorded, over G.711 and in noisy rooms`,
  });
}

/** Strength of the prior of no rescaling, for one person: few people, separated without error, would scale it without limit. */
const RESCALE_PRIOR = 0.1;
/** Minimum scale: positive, so that scores keep their order on any recordings. */
const LEAST_SCALE = 0.1;

/**
 * An existing calibration with its llr scaled and shifted to fit people already embedded: few people determine no more than
 * two parameters. Thresholds of the presets are measured again.
 */
export function rescaledCalibration(
  speakers: readonly CalibrationSpeaker[],
  before: CalibrationParameters,
  source: string,
): CalibrationParameters {
  const trials = trialsOf(speakers, speakers.map(voiceOf), before.meanVoice ?? []);
  const [shift, slope] = logisticFit(
    trials.map((trial) => ({ features: [1, llrOf(trial, before)], isTarget: trial.isTarget })),
    { strength: RESCALE_PRIOR / speakers.length, weights: [0, 1] },
  ) as [number, number];
  const scale = Math.max(LEAST_SCALE, slope);
  const rescaled: CalibrationParameters = {
    ...before,
    offset: shift + scale * before.offset,
    cosine: scale * before.cosine,
    logSeconds: scale * before.logSeconds,
    cosineLogSeconds: scale * before.cosineLogSeconds,
    narrowBand: scale * before.narrowBand,
    narrowBandBoth: scale * (before.narrowBandBoth ?? 0),
    probeTypicality: scale * (before.probeTypicality ?? 0),
    voiceTypicality: scale * (before.voiceTypicality ?? 0),
    windowCosine: before.windowCosine ?? windowCosineOf(speakers),
    gallerySize: GALLERY_SIZE,
    source: `${source}: ${speakers.length} people, as recorded, over G.711 and in noisy rooms; before: ${before.source}`,
  };
  const llrs = trials.map((trial) => llrOf(trial, rescaled));
  return { ...rescaled, falseAcceptLlr: presetLlrs(trials, llrs) };
}

/** Log likelihood ratios that a calibration gives to people's probes with their own and with others' voiceprints. */
export function llrsOf(speakers: readonly CalibrationSpeaker[], calibration: CalibrationParameters): Trials {
  const trials = trialsOf(speakers, speakers.map(voiceOf), calibration.meanVoice ?? []);
  const llrs = (isTarget: boolean) =>
    Float64Array.from(
      trials.filter((trial) => trial.isTarget === isTarget),
      (trial) => llrOf(trial, calibration),
    );
  return { targets: llrs(true), nontargets: llrs(false) };
}

const voiceOf = ({ samples }: CalibrationSpeaker, id: number): EnrolledVoice => {
  const exemplars = samples.map(({ embeddings }) => centroid(embeddings));
  const isNarrowBand = samples.every((sample) => sample.isNarrowBand);
  return {
    id: String(id),
    exemplars,
    mean: centroid(samples.flatMap(({ embeddings }) => embeddings)),
    speechSeconds: 18,
    isNarrowBand,
  };
};

/** Windows that end within the first `seconds`; at least one. */
function firstSeconds({ windows, embeddings }: EmbeddedSpeech, seconds: number): readonly Float32Array[] {
  const count = windows.filter(({ endSample }) => msOfSamples(endSample) <= seconds * 1000 + 1).length;
  return embeddings.slice(0, Math.max(1, count));
}

function meanOf(voices: readonly EnrolledVoice[]): number[] {
  return Array.from(voices[0]!.mean, (_, i) => voices.reduce((sum, { mean }) => sum + mean[i]!, 0) / voices.length);
}

function trialsOf(
  speakers: readonly CalibrationSpeaker[],
  voices: readonly EnrolledVoice[],
  meanVoice: readonly number[],
): CalibrationTrial[] {
  const typicalityOf = (embedding: Float32Array) => meanVoice.reduce((sum, value, i) => sum + value * embedding[i]!, 0);
  const voiceTypicalities = voices.map(({ mean }) => typicalityOf(mean));
  const trials: CalibrationTrial[] = [];
  let probe = 0;
  speakers.forEach((speaker, row) => {
    for (const speech of speaker.probes) {
      const heardMs = msOfSamples(speech.windows.at(-1)!.endSample);
      for (const speechSeconds of PROBE_SECONDS) {
        if (speechSeconds * 1000 > heardMs + 1500) continue;
        const heard = centroid(firstSeconds(speech, speechSeconds));
        const probeTypicality = typicalityOf(heard);
        voices.forEach((voice, column) => {
          if (speakers[column]!.group !== speaker.group) return;
          const isNarrowBand = speech.isNarrowBand || voice.isNarrowBand;
          trials.push({
            cosine: voiceCosine(heard, voice),
            speechSeconds,
            isNarrowBand,
            isNarrowBandBoth: speech.isNarrowBand && voice.isNarrowBand,
            isTarget: row === column,
            probeTypicality,
            voiceTypicality: voiceTypicalities[column]!,
            probe,
          });
        });
        probe += 1;
      }
    }
  });
  return trials;
}

/** Segments of a little over two seconds from both ends of one recording: the shortest length of a second voice. */
const PIECE_WINDOWS = 2;

/** Segments of one recording of each person, and of two people under the same condition. */
function recordingTrialsOf(speakers: readonly CalibrationSpeaker[]): RecordingTrial[] {
  const pieces = speakers.flatMap(({ group, probes }, speaker) =>
    probes.flatMap(({ condition, embeddings }) => {
      if (embeddings.length < 2 * PIECE_WINDOWS + 1) return []; // neighbouring windows overlap
      const first = centroid(embeddings.slice(0, PIECE_WINDOWS));
      const second = centroid(embeddings.slice(-PIECE_WINDOWS));
      return [{ speaker, group, condition, first, second }];
    }),
  );
  return pieces.flatMap((a) =>
    pieces.flatMap((b) =>
      a.group === b.group && a.condition === b.condition
        ? [{ cosine: dot(a.first, b.second), isTarget: a.speaker === b.speaker }]
        : [],
    ),
  );
}

function windowCosineOf(speakers: readonly CalibrationSpeaker[]): { same: number; different: number } {
  const same: number[] = [];
  const different: number[] = [];
  const everyone = speakers.flatMap(({ group, probes }, speaker) =>
    probes.map((speech) => ({ speaker, group, ...speech })),
  );
  everyone.forEach((a, i) => {
    a.embeddings.forEach((one, k) => {
      for (const other of a.embeddings.slice(k + 2)) same.push(dot(one, other)); // neighbours overlap
    });
    for (const b of everyone.slice(i + 1)) {
      if (a.speaker === b.speaker || a.group !== b.group || a.condition !== b.condition) continue;
      different.push(dot(a.embeddings[0]!, b.embeddings[0]!), dot(a.embeddings.at(-1)!, b.embeddings.at(-1)!));
    }
  });
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return { same: mean(same), different: mean(different) };
}
