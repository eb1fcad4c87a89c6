import { centroid, dot } from '../../core/vector.js';
import type { Consent, EnrollQuality, Exemplar, Voiceprint } from '../../core/voiceprint.js';
import { COMPLETE_SPEECH_MS } from '../../core/voiceprint.js';
import { NARROW_BAND_HZ } from '../voiceprints/voicesToMatch.js';
import type { AnalysedSample } from './analyseSample.js';

const MAX_EXEMPLARS = 20;
/** Samples learnt with feedback; the oldest give way. */
const MAX_LEARNT = 12;
/** Weight of all that was learnt with feedback, relative to what was enrolled: wrong feedback cannot outweigh an enrolment. */
const LEARNT_SHARE = 1;
/** A long sample counts in the mean for at most this much: one occasion is not the whole voice. */
const MAX_WEIGHT_MS = 20_000;

/** What an enrolment adds besides samples. */
export interface Growth {
  readonly tenantId: string;
  readonly speakerId: string;
  readonly modelId: string;
  readonly name: string | undefined;
  readonly languageCode: string | undefined;
  /** Undefined: what was recorded before stays. */
  readonly consent: Consent | undefined;
  readonly nowMs: number;
}

/**
 * The voiceprint with accepted samples added: one exemplar per sample, the mean of all weighted by speech. Samples of
 * another model are dropped with all that was counted for them: vectors of two models cannot be compared.
 */
export function growVoiceprint(
  current: Voiceprint | undefined,
  samples: readonly AnalysedSample[],
  growth: Growth,
): Voiceprint {
  const { modelId, nowMs, consent = current?.consent } = growth;
  const isFresh = current?.mean?.modelId !== modelId;
  const earlier = isFresh ? [] : current.exemplars;
  const enrolled = [...earlier.filter(isEnrolled), ...samples.map((sample) => exemplarOf(sample, modelId, nowMs))];
  const exemplars = [...mostDifferent(enrolled), ...earlier.filter((exemplar) => !isEnrolled(exemplar))];
  const speechMs = sumOf(samples, ({ speechMs }) => speechMs) + (isFresh ? 0 : current.speechMs);
  return {
    id: growth.speakerId,
    tenantId: growth.tenantId,
    name: growth.name ?? current?.name ?? growth.speakerId,
    languageCode: growth.languageCode ?? current?.languageCode ?? '',
    exemplars,
    mean: { modelId, values: meanOf(exemplars) },
    speechMs,
    audioMs: sumOf(samples, ({ audioMs }) => audioMs) + (isFresh ? 0 : current.audioMs),
    quality: qualityOf(exemplars, speechMs),
    isComplete: speechMs >= COMPLETE_SPEECH_MS,
    consent,
    createdAtMs: current?.createdAtMs ?? nowMs,
    updatedAtMs: nowMs,
  };
}

/** The voiceprint with samples learnt with feedback, and the earlier ones that gave way to them. */
export function learntVoiceprint(
  current: Voiceprint,
  samples: readonly AnalysedSample[],
  { feedbackId, modelId, nowMs }: { readonly feedbackId: string; readonly modelId: string; readonly nowMs: number },
): { readonly voiceprint: Voiceprint; readonly added: readonly Exemplar[]; readonly dropped: readonly Exemplar[] } {
  const added = samples.map((sample) => ({ ...exemplarOf(sample, modelId, nowMs), feedbackId }));
  const learnt = [...current.exemplars.filter((exemplar) => !isEnrolled(exemplar)), ...added];
  const dropped = learnt.slice(0, Math.max(0, learnt.length - MAX_LEARNT));
  const exemplars = [...current.exemplars.filter(isEnrolled), ...learnt.slice(dropped.length)];
  return { voiceprint: withExemplars(current, exemplars, nowMs), added, dropped };
}

/** The voiceprint with these samples instead of its own: what is counted follows from the difference. */
export function withExemplars(current: Voiceprint, exemplars: readonly Exemplar[], nowMs: number): Voiceprint {
  const difference =
    sumOf(exemplars, ({ speechMs }) => speechMs) - sumOf(current.exemplars, ({ speechMs }) => speechMs);
  const speechMs = Math.max(0, current.speechMs + difference);
  const modelId = current.mean?.modelId ?? exemplars[0]!.embedding.modelId;
  return {
    ...current,
    exemplars,
    mean: { modelId, values: meanOf(exemplars) },
    speechMs,
    audioMs: Math.max(speechMs, current.audioMs + difference),
    quality: qualityOf(exemplars, speechMs),
    isComplete: speechMs >= COMPLETE_SPEECH_MS,
    updatedAtMs: nowMs,
  };
}

/** Two voiceprints of one person as one. What was said of the first one stays; the second one's consent stands in for a missing one. */
export function mergedVoiceprint(current: Voiceprint, from: Voiceprint, nowMs: number): Voiceprint {
  const all = [...current.exemplars, ...from.exemplars].sort((a, b) => a.enrolledAtMs - b.enrolledAtMs);
  const learnt = all.filter((exemplar) => !isEnrolled(exemplar)).slice(-MAX_LEARNT);
  const exemplars = [...mostDifferent(all.filter(isEnrolled)), ...learnt];
  const speechMs = current.speechMs + from.speechMs;
  return {
    ...withExemplars(current, exemplars, nowMs),
    speechMs,
    audioMs: current.audioMs + from.audioMs,
    quality: qualityOf(exemplars, speechMs),
    isComplete: speechMs >= COMPLETE_SPEECH_MS,
    consent: current.consent ?? from.consent,
  };
}

/** True for a sample of an enrolment, false for one learnt with feedback. */
export const isEnrolled = ({ feedbackId }: Exemplar): boolean => feedbackId === undefined;

const exemplarOf = (sample: AnalysedSample, modelId: string, nowMs: number): Exemplar => ({
  embedding: { modelId, values: sample.embedding! },
  speechMs: sample.speechMs,
  snrDb: sample.snrDb,
  bandwidthHz: sample.bandwidthHz,
  enrolledAtMs: nowMs,
  ...(sample.kept ? { audioId: sample.kept.audioId } : {}),
});

/** The mean that represents a voiceprint, unit norm. */
export function meanOf(exemplars: readonly Exemplar[]): Float32Array<ArrayBuffer> {
  const weightOf = ({ speechMs }: Exemplar) => Math.min(speechMs, MAX_WEIGHT_MS);
  const enrolledMs = sumOf(exemplars.filter(isEnrolled), weightOf);
  const learntMs = sumOf(exemplars, weightOf) - enrolledMs;
  const learntShare = enrolledMs > 0 && learntMs > 0 ? Math.min(1, (LEARNT_SHARE * enrolledMs) / learntMs) : 1;
  return centroid(
    exemplars.map(({ embedding }) => embedding.values),
    exemplars.map((exemplar) => weightOf(exemplar) * (isEnrolled(exemplar) ? 1 : learntShare)),
  );
}

/** At most 20: of the two most similar samples the older is dropped, since the newer one carries the same information. */
function mostDifferent(exemplars: readonly Exemplar[]): readonly Exemplar[] {
  const kept = [...exemplars];
  while (kept.length > MAX_EXEMPLARS) {
    let oldest = 0;
    let highest = Number.NEGATIVE_INFINITY;
    for (let a = 0; a < kept.length; a += 1) {
      for (let b = a + 1; b < kept.length; b += 1) {
        const cosine = dot(kept[a]!.embedding.values, kept[b]!.embedding.values);
        if (cosine > highest) [oldest, highest] = [a, cosine];
      }
    }
    kept.splice(oldest, 1);
  }
  return kept;
}

const LABELS: readonly EnrollQuality[] = ['poor', 'average', 'good', 'high'];

/** The weakest of three: how much speech, how clean, and how wide and varied (one telephone sample is never `high`). */
export function qualityOf(exemplars: readonly Exemplar[], speechMs: number): EnrollQuality {
  const snrDb = sumOf(exemplars, (one) => one.snrDb * one.speechMs) / sumOf(exemplars, (one) => one.speechMs);
  const isWide = exemplars.some(({ bandwidthHz }) => bandwidthHz >= NARROW_BAND_HZ);
  const marks = [
    markOf(speechMs, [9_000, COMPLETE_SPEECH_MS, 30_000]),
    markOf(snrDb, [10, 15, 20]),
    isWide ? 3 : 2,
    exemplars.length > 1 ? 3 : 2,
  ];
  return LABELS[Math.min(...marks)]!;
}

/** How many of the steps a value reaches. */
const markOf = (value: number, steps: readonly number[]): number => steps.filter((step) => value >= step).length;

function sumOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}
