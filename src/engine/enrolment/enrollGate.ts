import type { CalibrationParameters } from '../../core/calibration.js';
import type { SampleReason } from '../../core/identification.js';
import type { Steps } from '../../core/steps.js';
import { centroid, dot } from '../../core/vector.js';
import type { Voiceprint } from '../../core/voiceprint.js';
import { acceptLlr } from '../../identity/calibration.js';
import { FAINT_DB } from '../../speech/qualityLevel.js';
import type { AnalysedSample } from './analyseSample.js';
import { reasonFor } from './enrollReasons.js';
import type { KnownVoice } from './knownVoice.js';
import type { OtherPeople } from './otherPeople.js';
import { isSameRecording, type RecordedSample } from './sameRecording.js';

/** Below this a sample has too little speech to count. */
export const LEAST_SAMPLE_SPEECH_MS = 2_000;
/** Speech in all from which an enrolment is accepted. */
export const LEAST_SPEECH_MS = 6_000;

/** Limits of the gate, from what scripts/accuracy/enrollGate.mjs prints; those of a second voice are in secondVoice.ts. */
export interface GateLimits {
  readonly leastSnrDb: number;
  readonly mostClippedShare: number;
  /** A sample with less similarity to the earlier ones is another person. */
  readonly disagreesLlr: number;
}

export const GATE_LIMITS: GateLimits = {
  leastSnrDb: 8,
  mostClippedShare: 0.02,
  disagreesLlr: -1.5,
};

/** Far above what converters leave, far below what clips. */
const MOST_DC_OFFSET = 0.05;

export interface GateContext {
  /** The person's own earlier samples; undefined where there are none of this model. */
  readonly earlier: KnownVoice | undefined;
  /** The samples that the person's voiceprint holds, of this model. */
  readonly earlierSamples: readonly RecordedSample[];
  readonly others: OtherPeople;
  readonly calibration: CalibrationParameters;
  readonly limits: GateLimits;
}

/** One sample and the verdict of the gate. */
export interface JudgedSample {
  readonly sample: AnalysedSample;
  readonly isAccepted: boolean;
  readonly reasons: readonly SampleReason[];
}

/**
 * Judges samples of one person, in their order. Each is looked at alone first; those that pass are compared with the
 * earlier samples, or, where there are none, with those of their own that agree best. In steps of a few milliseconds at most.
 */
export function* judgeSamples(samples: readonly AnalysedSample[], context: GateContext): Steps<JudgedSample[]> {
  const known = [...context.earlierSamples];
  const alone = samples.map((sample) => ({ sample, reasons: ownReasons(sample, known, context) }));
  const fit = alone.filter(({ reasons }) => !reasons.some(({ refuses }) => refuses)).map(({ sample }) => sample);
  const voiceReasons = yield* compareVoices(fit, context);
  return alone.map(({ sample, reasons }) => {
    const all = [...reasons, ...(voiceReasons.get(sample) ?? [])];
    return { sample, reasons: all, isAccepted: !all.some(({ refuses }) => refuses) };
  });
}

/** Defects of a sample before its voice is compared; `known` are the recordings before it, and it is added to them. */
function ownReasons(sample: AnalysedSample, known: RecordedSample[], context: GateContext): SampleReason[] {
  const reasons = soundReasons(sample, context);
  const { embedding, speechMs } = sample;
  if (!embedding) return reasons;
  if (known.some((earlier) => isSameRecording({ embedding, speechMs }, earlier))) return [reasonFor.sameRecording()];
  if (!reasons.some(({ refuses }) => refuses)) known.push({ embedding, speechMs });
  return reasons;
}

/** Defects of one sample alone. */
function soundReasons(sample: AnalysedSample, { limits }: GateContext): SampleReason[] {
  const reasons: SampleReason[] = [];
  const isFound = sample.speechMs >= LEAST_SAMPLE_SPEECH_MS && sample.snrDb >= limits.leastSnrDb;
  if (!isFound && sample.peakDb < FAINT_DB) return [reasonFor.tooQuiet(sample.peakDb, FAINT_DB)];
  if (sample.speechMs < LEAST_SAMPLE_SPEECH_MS) {
    return [reasonFor.tooLittleSpeech(sample.speechMs, LEAST_SAMPLE_SPEECH_MS)];
  }
  if (sample.snrDb < limits.leastSnrDb) reasons.push(reasonFor.tooNoisy(sample.snrDb, limits.leastSnrDb));
  if (sample.clippedShare > limits.mostClippedShare) {
    reasons.push(reasonFor.clipped(sample.clippedShare, limits.mostClippedShare));
  }
  if (sample.secondVoice) reasons.push(reasonFor.secondVoice(sample.secondVoice));
  if (Math.abs(sample.dcOffset) > MOST_DC_OFFSET) reasons.push(reasonFor.dcOffset(sample.dcOffset));
  if (sample.isNarrowBand) reasons.push(reasonFor.narrowBand(sample.bandwidthHz));
  return reasons;
}

/** Defects of samples compared with each other and with other people. */
function* compareVoices(
  samples: readonly AnalysedSample[],
  context: GateContext,
): Steps<Map<AnalysedSample, SampleReason[]>> {
  const reasons = new Map<AnalysedSample, SampleReason[]>();
  let known = context.earlier;
  for (const sample of known ? samples : mostCentralFirst(samples)) {
    const found = yield* voiceReasons(sample, known, context);
    reasons.set(sample, found);
    if (found.length === 0) known = knownWith(known, sample);
  }
  return reasons;
}

function* voiceReasons(
  sample: AnalysedSample,
  known: KnownVoice | undefined,
  context: GateContext,
): Steps<SampleReason[]> {
  const { calibration, limits, others } = context;
  const { own, highest } = yield* others.compare(sample, known, calibration);
  if (own !== undefined && own < limits.disagreesLlr) return [reasonFor.disagrees()];
  if (!highest) return [];
  const isLike = highest.llr >= collisionLlr(others.count, calibration);
  return isLike && highest.llr > (own ?? Number.NEGATIVE_INFINITY) ? [reasonFor.collides(highest.speakerId)] : [];
}

/**
 * From here on a new person counts as one already enrolled: between the presets of 1 % and .1 %. At 1 % too many new people are turned
 * away where all say much the same words, at .1 % hardly any is found from a single sample. With more people than it was
 * measured with, the best one is more similar by chance.
 */
function collisionLlr(others: number, calibration: CalibrationParameters): number {
  const people = Math.max(others, calibration.gallerySize ?? others);
  return (acceptLlr(calibration, 1, people) + acceptLlr(calibration, 0.1, people)) / 2;
}

/** The sample most like all the others first: with one stray among several, the stray is the one that disagrees. */
function mostCentralFirst(samples: readonly AnalysedSample[]): AnalysedSample[] {
  const similarity = (one: AnalysedSample) =>
    samples.reduce((sum, other) => sum + (other === one ? 0 : dot(one.embedding!, other.embedding!)), 0);
  return samples
    .map((sample) => ({ sample, similarity: similarity(sample) }))
    .sort((a, b) => b.similarity - a.similarity || b.sample.speechMs - a.sample.speechMs)
    .map(({ sample }) => sample);
}

function knownWith(known: KnownVoice | undefined, sample: AnalysedSample): KnownVoice {
  if (!known) return { ...sample, speakerId: '', mean: sample.embedding! };
  return {
    ...known,
    mean: centroid([known.mean, sample.embedding!], [known.speechMs, sample.speechMs]),
    speechMs: known.speechMs + sample.speechMs,
    isNarrowBand: known.isNarrowBand && sample.isNarrowBand,
  };
}

/** The samples of a stored voiceprint that this model knows. */
export const samplesOf = ({ exemplars }: Voiceprint, modelId: string): RecordedSample[] =>
  exemplars.flatMap(({ embedding, speechMs }) =>
    embedding.modelId === modelId ? [{ embedding: embedding.values, speechMs }] : [],
  );
