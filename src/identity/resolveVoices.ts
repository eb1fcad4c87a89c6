import type { SampleSpan } from '../core/audioFrame.js';
import type { CalibrationParameters } from '../core/calibration.js';
import type { Decision, FalseAcceptPercent } from '../core/identification.js';
import { secondsOfSamples } from '../core/time.js';
import { centroid, dot } from '../core/vector.js';
import { averageLinkage, type LinkageStop } from './averageLinkage.js';
import { type ClusteredWindows, clusterWindows, relabelled, type WindowLikeness } from './clusterWindows.js';
import { clusterPieces, NOBODY, relabelledPieces, windowsOf } from './conversation/clusterPieces.js';
import { layVoices } from './conversation/layVoices.js';
import type { LocalSpeech } from './conversation/localSpeech.js';
import { decide, UNCERTAIN_LLR, type Verdict } from './decide.js';
import { layTurns, type VoiceSpan } from './layTurns.js';
import { compare, type HeardVoice, type MatchOptions, matchVoices } from './matchVoices.js';
import { splitByVoice } from './splitByVoice.js';
import type { EnrolledVoice, ResolvedCandidate } from './voices.js';

/** What is known of one recording, however it was heard, before voices are told apart. */
interface HeardRecording {
  readonly dimensions: number;
  /** Unit-norm embeddings, row-major, shape (windows or pieces, dimensions). */
  readonly embeddings: Float32Array<ArrayBuffer>;
  readonly voices: readonly EnrolledVoice[];
  readonly calibration: CalibrationParameters;
  readonly falseAcceptPercent: FalseAcceptPercent;
  /** True for telephone audio (a source of 8 kHz, or nothing above 4 kHz). */
  readonly isNarrowBand: boolean;
  /** No more voices than this are told apart, but for those that have a name; undefined: nobody knows. */
  readonly maxVoices?: number | undefined;
}

/** A recording heard without a segmentation model: windows over stretches of speech. */
export interface WindowsInput extends HeardRecording {
  /** Where the windows lie, on the engine's clock, in order of their middles; one for each row of `embeddings`. */
  readonly windows: readonly SampleSpan[];
  /** Stretches of speech, in order; each window lies in one of them. */
  readonly speech: readonly SampleSpan[];
}

/** A recording heard with a segmentation model: pieces of local voices, one for each row of `embeddings`. */
export interface ConversationInput extends HeardRecording {
  readonly local: LocalSpeech;
  /** So many voices are known to be there; fewer are told apart only where there is no trace of more. */
  readonly minVoices?: number | undefined;
}

export type VoicesInput = WindowsInput | ConversationInput;

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
  const { calibration, isNarrowBand } = input;
  const { offset, cosine } = calibration.recordingCosine ?? RECORDING_COSINE;
  const samePersonLlr = (a: HeardVoice, b: HeardVoice) => offset + cosine * dot(a.centroid, b.centroid);
  const options = { calibration, isNarrowBand, leastLlr: UNCERTAIN_LLR, samePersonLlr };
  const usual = calibration.windowCosine ?? WINDOW_COSINE;
  if ('local' in input) {
    const found = voicesOfPieces(input, usual, options);
    // Whom the clustering left apart was heard at once, or has evidence of its own: only a number joins them.
    return found ? { turns: markedOverlap(namedTurns(input, found, { options, joinCosine: ALIKE })) } : { turns: [] };
  }
  const found = voicesOfWindows(input, usual, options);
  const joinCosine = (STRANGER_TUNING.joinLlr - offset) / cosine;
  return { turns: found ? namedTurns(input, found, { options, joinCosine }) : [] };
}

/** Cosine that two voices never reach. */
const ALIKE = 2;

/** Voices of a recording, and who speaks when. */
interface FoundVoices {
  readonly clustered: ClusteredWindows;
  /** Turns where the voices are given other numbers, shape (voices,), counted from 0. */
  turnsOf(numbers: readonly number[]): VoiceSpan[];
}

function voicesOfWindows(input: WindowsInput, usual: WindowLikeness, options: MatchOptions): FoundVoices | undefined {
  const { windows, speech } = input;
  if (windows.length === 0) return undefined;
  const stretchOf = stretches(windows, speech);
  const located = { ...input, stretchOf };
  const first = clusterWindows(located, usual);
  const clustered = relabelled(located, splitByVoice(located, first, input.voices, options), usual);
  const spans = layTurns({ windows, stretchOf, speech, labels: clustered.labels });
  return {
    clustered,
    turnsOf: (numbers) => spans.map((span) => ({ ...span, voice: numbers[span.voice]! })),
  };
}

function voicesOfPieces(
  input: ConversationInput,
  usual: WindowLikeness,
  options: MatchOptions,
): FoundVoices | undefined {
  const { local } = input;
  if (local.pieces.length === 0) return undefined;
  const first = clusterPieces(input, usual, { leastVoices: input.minVoices });
  const split = splitByVoice(windowsOf(input), first, input.voices, options);
  const clustered = relabelledPieces(input, split, usual);
  return {
    clustered,
    turnsOf(numbers) {
      const labels = clustered.labels.map((label) => (label === NOBODY ? NOBODY : numbers[label]!));
      return layVoices(local, labels, 1 + Math.max(...numbers));
    },
  };
}

interface Naming {
  readonly options: MatchOptions;
  /** Cosine from which two voices without a name are one. */
  readonly joinCosine: number;
}

function namedTurns(input: VoicesInput, { clustered, turnsOf }: FoundVoices, { options, joinCosine }: Naming) {
  const { voices } = input;
  const own = Array.from({ length: clustered.voices }, (_, voice) => voice);
  const heard = heardVoices(clustered, turnsOf(own), input.dimensions);
  const matches = matchVoices(heard, voices, options);
  const named = new Set(matches.flatMap(({ taken }) => taken?.voice.id ?? [])).size;
  const strangers = joinedStrangers(
    heard,
    matches.map(({ taken }) => taken === undefined),
    {
      cosine: joinCosine,
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
  const persons = [...new Set(people)];
  const spans = turnsOf(people.map((person) => persons.indexOf(person)));
  return numbered(
    spans.map((span) => ({ span, person: persons[span.voice]! })),
    verdicts,
  );
}

interface Piece {
  readonly span: SampleSpan;
  readonly person: string | number;
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
