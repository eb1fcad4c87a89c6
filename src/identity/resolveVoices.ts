import type { SampleSpan } from '../core/audioFrame.js';
import type { CalibrationParameters } from '../core/calibration.js';
import type { Decision, FalseAcceptPercent } from '../core/identification.js';
import type { LocalVoices } from '../core/localVoices.js';
import { secondsOfSamples } from '../core/time.js';
import { centroid, dot } from '../core/vector.js';
import { averageLinkage, type LinkageStop } from './averageLinkage.js';
import { type ClusteredWindows, clusterWindows, relabelled } from './clusterWindows.js';
import { decide, UNCERTAIN_LLR, type Verdict } from './decide.js';
import { layOverlap } from './layOverlap.js';
import { layTurns, type VoiceSpan } from './layTurns.js';
import { compare, type HeardVoice, matchVoices } from './matchVoices.js';
import { splitByVoice } from './splitByVoice.js';
import type { EnrolledVoice, ResolvedCandidate } from './voices.js';

/** Everything that is known of one recording before voices are told apart. */
export interface VoicesInput {
  readonly dimensions: number;
  /** Unit-norm embeddings of the windows, row-major, shape (windows, dimensions). */
  readonly embeddings: Float32Array<ArrayBuffer>;
  /** Where the windows lie, on the engine's clock, in order of their middles; one for each row of `embeddings`. */
  readonly windows: readonly SampleSpan[];
  /** Stretches of speech, or their parts of one voice, in order; each window lies in one of them. */
  readonly speech: readonly SampleSpan[];
  /** What a segmentation model heard, and the whole stretches of speech. */
  readonly overlap?: { readonly localVoices: LocalVoices; readonly speech: readonly SampleSpan[] } | undefined;
  readonly voices: readonly EnrolledVoice[];
  readonly calibration: CalibrationParameters;
  readonly falseAcceptPercent: FalseAcceptPercent;
  /** True for telephone audio (a source of 8 kHz, or nothing above 4 kHz). */
  readonly isNarrowBand: boolean;
  /** No more voices than this are told apart, but for those that have a name; undefined: nobody knows. */
  readonly maxVoices?: number | undefined;
}

/** One turn of one voice. */
export interface ResolvedTurn extends SampleSpan {
  /** Number of the voice in this recording, in order of appearance, from 0; one number for one enrolled person. */
  readonly cluster: number;
  /** Given exactly where `decision` is `identified` or `uncertain`. */
  readonly voiceId: string | null;
  readonly decision: Decision;
  /** Calibrated probability that the best candidate is right, 0..1; 0 where nobody is enrolled. */
  readonly score: number;
  /** Score of the best less that of the runner-up. */
  readonly margin: number;
  readonly cosine: number | null;
  /** True where another voice speaks during a part of it. */
  readonly isOverlap: boolean;
  /** Best three, best first. */
  readonly candidates: readonly ResolvedCandidate[];
}

/** Turns in order of their start; they overlap only where a segmentation model heard several voices. */
export interface VoicesResult {
  readonly turns: readonly ResolvedTurn[];
}

/** For a calibration that does not say: as measured with the built-in model. */
const WINDOW_COSINE = { same: 0.6, different: 0.2 };
const RECORDING_COSINE = { offset: -10, cosine: 16 };

/** llr, by the likeness of short pieces, from which two unnamed voices are joined: high, as longer pieces are more alike. */
export const STRANGER_TUNING = { joinLlr: 3 };

/** Tells the voices of one recording apart and names those who are enrolled. Pure; runs in a worker. */
export function resolveVoices(input: VoicesInput): VoicesResult {
  const { windows, speech, calibration, isNarrowBand, voices } = input;
  if (windows.length === 0) return { turns: [] };
  const stretchOf = stretches(windows, speech);
  const { offset, cosine } = calibration.recordingCosine ?? RECORDING_COSINE;
  const samePersonLlr = (a: HeardVoice, b: HeardVoice) => offset + cosine * dot(a.centroid, b.centroid);
  const options = { calibration, isNarrowBand, leastLlr: UNCERTAIN_LLR, samePersonLlr };
  const located = { ...input, stretchOf };
  const usual = calibration.windowCosine ?? WINDOW_COSINE;
  const clustered = clusterWindows(located, usual);
  const found = relabelled(located, splitByVoice(located, clustered, voices, options), usual);
  const spans = layTurns({ windows, stretchOf, speech, labels: found.labels });
  const heard = heardVoices(found, spans, input.dimensions);
  const matches = matchVoices(heard, voices, options);
  const named = new Set(matches.flatMap(({ taken }) => taken?.voice.id ?? [])).size;
  const strangers = joinedStrangers(
    heard,
    matches.map(({ taken }) => taken === undefined),
    {
      cosine: (STRANGER_TUNING.joinLlr - offset) / cosine,
      maxGroups: Math.max(1, (input.maxVoices ?? Number.POSITIVE_INFINITY) - named),
    },
  );
  const people = matches.map(({ taken }, row) => taken?.voice.id ?? strangers[row]!);
  const verdicts = new Map(
    [...new Set(people)].map((person) => {
      const rows = matches.flatMap((_, row) => (people[row] === person ? [row] : []));
      const comparisons = compare(pooled(rows.map((row) => heard[row]!)), voices, options);
      return [
        person,
        decide(
          comparisons,
          comparisons.find(({ voice }) => voice.id === person),
          input,
        ),
      ] as const;
    }),
  );
  const turns = numbered(overlaid(spans, people, input), verdicts);
  return { turns: input.overlap ? markedOverlap(turns) : turns };
}

interface Piece {
  readonly span: SampleSpan;
  readonly person: string | number;
}

/** Whose each span is; with a segmentation model, spans as it heard them. */
function overlaid(
  spans: readonly VoiceSpan[],
  people: readonly (string | number)[],
  { overlap }: Pick<VoicesInput, 'overlap'>,
): Piece[] {
  if (!overlap) return spans.map((span) => ({ span, person: people[span.voice]! }));
  const persons = [...new Set(people)];
  const own = spans.map((span) => ({ ...span, voice: persons.indexOf(people[span.voice]!) }));
  const laid = layOverlap({ spans: own, voices: persons.length, ...overlap });
  return laid.map((span) => ({ span, person: persons[span.voice]! }));
}

/** Turns in order of their start: those that reach into another's time, and those reached into, overlap. */
function markedOverlap(turns: readonly ResolvedTurn[]): ResolvedTurn[] {
  const isOverlap = new Array<boolean>(turns.length).fill(false);
  turns.forEach((turn, i) => {
    for (let j = i + 1; j < turns.length && turns[j]!.startSample < turn.endSample; j += 1) {
      isOverlap[i] = true;
      isOverlap[j] = true;
    }
  });
  return turns.map((turn, i) => ({ ...turn, isOverlap: isOverlap[i]! }));
}

/** Unnamed voices that sound alike enough, or are too many, are one; the number of each voice, its own for those that have a name. */
function joinedStrangers(heard: readonly HeardVoice[], isStranger: readonly boolean[], stop: LinkageStop): number[] {
  const rows = [...heard.keys()].filter((row) => isStranger[row]);
  const dimensions = heard[0]?.centroid.length ?? 0;
  const sums = new Float32Array(rows.length * dimensions);
  rows.forEach((row, i) => {
    sums.set(heard[row]!.centroid, i * dimensions);
  });
  const groups = { dimensions, sums, weights: new Float64Array(rows.length).fill(1) };
  const labels = averageLinkage(groups, stop);
  const numbers = [...heard.keys()];
  rows.forEach((row, i) => {
    numbers[row] = rows[labels.indexOf(labels[i]!)]!;
  });
  return numbers;
}

/** The stretch of speech in which the middle of each window lies. */
function stretches(windows: readonly SampleSpan[], speech: readonly SampleSpan[]): Int32Array {
  let stretch = 0;
  return Int32Array.from(windows, ({ startSample, endSample }) => {
    const middle = (startSample + endSample) / 2;
    while (stretch < speech.length - 1 && speech[stretch]!.endSample < middle) stretch += 1;
    return stretch;
  });
}

function heardVoices(found: ClusteredWindows, spans: readonly VoiceSpan[], dimensions: number): HeardVoice[] {
  const samples = new Float64Array(found.voices);
  for (const { voice, startSample, endSample } of spans) samples[voice]! += endSample - startSample;
  return Array.from(samples, (count, voice) => ({
    centroid: found.centroids.slice(voice * dimensions, (voice + 1) * dimensions),
    speechSeconds: secondsOfSamples(count),
  }));
}

function pooled(parts: readonly HeardVoice[]): HeardVoice {
  const seconds = parts.map(({ speechSeconds }) => speechSeconds);
  return {
    centroid: centroid(
      parts.map((part) => part.centroid),
      seconds,
    ),
    speechSeconds: seconds.reduce((sum, some) => sum + some, 0),
  };
}

/** Joins neighbouring spans of one person and numbers people in order of appearance. */
function numbered(pieces: readonly Piece[], verdicts: ReadonlyMap<string | number, Verdict>): ResolvedTurn[] {
  const numbers = new Map<string | number, number>();
  const turns: ResolvedTurn[] = [];
  for (const { span, person } of pieces) {
    if (!numbers.has(person)) numbers.set(person, numbers.size);
    const { startSample, endSample } = span;
    const cluster = numbers.get(person)!;
    const last = turns.at(-1);
    if (last && last.cluster === cluster && last.endSample === startSample)
      turns[turns.length - 1] = { ...last, endSample };
    else turns.push({ startSample, endSample, cluster, ...verdicts.get(person)!, isOverlap: false });
  }
  return turns;
}
