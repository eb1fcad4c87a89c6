import type { CalibrationParameters } from '../../core/calibration.js';
import type { Voiceprint } from '../../core/voiceprint.js';
import { llrOf } from '../../identity/calibration.js';
import { comparisonsOf } from '../../identity/matchVoices.js';
import type { EnrolledVoice } from '../../identity/voices.js';
import { NARROW_BAND_HZ } from '../voiceprints/voicesToMatch.js';
import type { AnalysedSample } from './analyseSample.js';
import { inSeconds } from './enrollReasons.js';

/** A voice for comparison with one person. */
export interface KnownVoice {
  readonly speakerId: string;
  /** Unit norm, shape (d,). */
  readonly mean: Float32Array<ArrayBuffer>;
  readonly speechMs: number;
  readonly isNarrowBand: boolean;
}

/** Natural-log likelihood ratios that a sample is of each of the known people. */
export function llrsBetween(
  sample: Pick<AnalysedSample, 'embedding' | 'speechMs' | 'isNarrowBand'>,
  known: readonly KnownVoice[],
  calibration: CalibrationParameters,
): number[] {
  const voices = known.map(({ speakerId, mean, speechMs, isNarrowBand }): EnrolledVoice => {
    return { id: speakerId, exemplars: [], mean, speechSeconds: inSeconds(speechMs), isNarrowBand };
  });
  const probe = { centroid: sample.embedding!, speechSeconds: inSeconds(sample.speechMs) };
  return comparisonsOf(probe, voices, { centring: calibration.centring, isNarrowBand: sample.isNarrowBand }).map(
    ({ comparison }) => llrOf(comparison, calibration),
  );
}

/** The same for two enrolled people: that they are one. */
export const llrBetweenPeople = (one: KnownVoice, other: KnownVoice, calibration: CalibrationParameters): number =>
  llrsBetween({ ...one, embedding: one.mean }, [other], calibration)[0]!;

/** A stored voiceprint as the gate compares it; undefined where it has no samples of this model. */
export function knownVoiceOf({ id, mean, exemplars, speechMs }: Voiceprint, modelId: string): KnownVoice | undefined {
  if (mean?.modelId !== modelId || exemplars.length === 0) return undefined;
  const isNarrowBand = exemplars.every(({ bandwidthHz }) => bandwidthHz < NARROW_BAND_HZ);
  return { speakerId: id, mean: mean.values, speechMs, isNarrowBand };
}
