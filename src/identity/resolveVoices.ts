import type { SampleSpan } from '../core/audioFrame.js';
import type { CalibrationParameters } from '../core/calibration.js';
import type { FalseAcceptPercent } from '../core/identification.js';
import { secondsOfSamples } from '../core/time.js';
import { centroid, dot } from '../core/vector.js';
import { averageLinkage, type LinkageStop } from './averageLinkage.js';
import { type ClusteredWindows, clusterWindows, relabelled, type WindowSimilarity } from './clusterWindows.js';
import { clusterPieces, relabelledPieces } from './conversation/clusterPieces.js';
import { UNASSIGNED, windowsOf } from './conversation/embeddedPieces.js';
import { type LocalSpeech, spansOf } from './conversation/localSpeech.js';
import { turnsOfActivity } from './conversation/turnsOfActivity.js';
import { decide, UNCERTAIN_LLR, type Verdict } from './decide.js';
import type { GalleryParts } from './gallery/galleryParts.js';
import { type Enrolled, postedGallery, rankEach } from './gallery/ranking.js';
import { matchPeople } from './matchPeople.js';
import type { MatchOptions, PooledVoice } from './matchVoices.js';
import { splitByVoice } from './splitByVoice.js';
import { turnEmbeddings } from './turnEmbeddings.js';
import { type Turn, turnsOfWindows } from './turnsOfWindows.js';
import type { EnrolledVoice } from './voices.js';

/** Input for clustering and naming the voices of one recording. */
interface RecordingInput {
  readonly dimensions: number;
  /** Unit-norm embeddings, row-major, shape (windows or pieces, dimensions). */
  readonly embeddings: Float32Array<ArrayBuffer>;
  /** Who may be named. Of a gallery, people have their numbers as ids in the answer. */
  readonly voices: readonly EnrolledVoice[] | GalleryParts;
  readonly calibration: CalibrationParameters;
  readonly falseAcceptPercent: FalseAcceptPercent;
  /** True for telephone audio (a source of 8 kHz, or nothing above 4 kHz). */
  readonly isNarrowBand: boolean;
  /** Maximum number of voices, named ones excepted; undefined: unknown. */
  readonly maxVoices?: number | undefined;
  /** Also returns the embedding of each turn. */
  readonly hasTurnEmbeddings?: boolean | undefined;
}

/** A recording analysed without a segmentation model: windows over segments of speech. */
export interface WindowsInput extends RecordingInput {
  /** Positions of the windows, in order of their middles; one for each row of `embeddings`. */
  readonly windows: readonly SampleSpan[];
  /** Segments of speech, in order; each window is in one of them. */
  readonly speech: readonly SampleSpan[];
}

/** A recording analysed with a segmentation model: pieces of local voices, one for each row of `embeddings`. */
export interface ConversationInput extends RecordingInput {
  readonly local: LocalSpeech;
  /** Minimum number of voices; fewer are found only without evidence for more. */
  readonly minVoices?: number | undefined;
}

export type VoicesInput = WindowsInput | ConversationInput;

/** A turn with the verdict on its voice. Voices are numbered in order of appearance, one number for one enrolled person. */
export interface ResolvedTurn extends Turn, Verdict {
  /** True where another voice speaks during a part of it. */
  readonly isOverlap: boolean;
}

/** Turns in order of their start; they overlap only where a segmentation model detected several voices. */
export interface VoicesResult {
  readonly turns: readonly ResolvedTurn[];
  /** Where it was asked for: unit norm, of shape (d,), for each turn; undefined where nothing was embedded within it. */
  readonly turnEmbeddings?: readonly (Float32Array<ArrayBuffer> | undefined)[];
}

/** Defaults of a calibration: as measured with the built-in model. */
const WINDOW_COSINE = { same: 0.6, different: 0.2 };
const RECORDING_COSINE = { offset: -10, cosine: 16 };

/** llr, by the similarity of short pieces, from which two unnamed voices are merged: high, as longer pieces are more similar. */
export const STRANGER_TUNING = { joinLlr: 3 };

/** Clusters the voices of one recording and names the enrolled people. Pure; runs in a worker. */
export function resolveVoices(input: VoicesInput): VoicesResult {
  const { calibration, isNarrowBand } = input;
  const { offset, cosine } = calibration.recordingCosine ?? RECORDING_COSINE;
  const samePersonLlr = (a: PooledVoice, b: PooledVoice) => offset + cosine * dot(a.centroid, b.centroid);
  const enrolled = 'means' in input.voices ? postedGallery(input.voices) : input.voices;
  const options = { calibration, isNarrowBand, leastLlr: UNCERTAIN_LLR, samePersonLlr, enrolled };
  const usual = calibration.windowCosine ?? WINDOW_COSINE;
  if ('local' in input) {
    const found = voicesOfPieces(input, usual, options);
    // Voices that the clustering kept apart overlapped, or have enough evidence each: only a given number merges them.
    return found ? resultOf(input, namedTurns(input, found, { options, joinCosine: ALIKE })) : { turns: [] };
  }
  const found = voicesOfWindows(input, usual, options);
  const joinCosine = (STRANGER_TUNING.joinLlr - offset) / cosine;
  return found ? resultOf(input, namedTurns(input, found, { options, joinCosine })) : { turns: [] };
}

function resultOf(input: VoicesInput, { turns, rowVoices }: NamedTurns): VoicesResult {
  const marked = 'local' in input ? markedOverlap(turns) : turns;
  if (!input.hasTurnEmbeddings) return { turns: marked };
  const spans = 'local' in input ? spansOf(input.local) : input.windows;
  return { turns: marked, turnEmbeddings: turnEmbeddings(marked, { ...input, spans, rowVoices }) };
}

/** Cosine that two voices never reach. */
const ALIKE = 2;

/** Voices of a recording, and who speaks when. */
interface FoundVoices {
  readonly clustered: ClusteredWindows;
  /** Turns after renumbering the voices; `numbers` has shape (voices,), counted from 0. */
  turnsOf(numbers: readonly number[]): Turn[];
}

function voicesOfWindows(
  input: WindowsInput,
  usual: WindowSimilarity,
  { enrolled, ...options }: NamingOptions,
): FoundVoices | undefined {
  const { windows, speech } = input;
  if (windows.length === 0) return undefined;
  const segmentOf = segmentsOf(windows, speech);
  const located = { ...input, segmentOf };
  const first = clusterWindows(located, usual);
  const clustered = relabelled(located, splitByVoice(located, first, enrolled, options), usual);
  const spans = turnsOfWindows({ windows, segmentOf, speech, labels: clustered.labels });
  return {
    clustered,
    turnsOf: (numbers) => spans.map((span) => ({ ...span, voice: numbers[span.voice]! })),
  };
}

function voicesOfPieces(
  input: ConversationInput,
  usual: WindowSimilarity,
  { enrolled, ...options }: NamingOptions,
): FoundVoices | undefined {
  const { local } = input;
  if (local.pieces.length === 0) return undefined;
  const first = clusterPieces(input, usual, { leastVoices: input.minVoices });
  const split = splitByVoice(windowsOf(input), first, enrolled, options);
  const clustered = relabelledPieces(input, split, usual);
  return {
    clustered,
    turnsOf(numbers) {
      const labels = clustered.labels.map((label) => (label === UNASSIGNED ? UNASSIGNED : numbers[label]!));
      return turnsOfActivity(local, labels, 1 + Math.max(...numbers));
    },
  };
}

interface NamingOptions extends MatchOptions {
  readonly enrolled: Enrolled;
}

interface Naming {
  readonly options: NamingOptions;
  /** Cosine from which two unnamed voices are merged. */
  readonly joinCosine: number;
}

interface NamedTurns {
  readonly turns: readonly ResolvedTurn[];
  /** Voice of each row of the embeddings, as turns number them; UNASSIGNED where it has no turn. */
  readonly rowVoices: Int32Array;
}

function namedTurns(
  input: VoicesInput,
  { clustered, turnsOf }: FoundVoices,
  { options, joinCosine }: Naming,
): NamedTurns {
  const { enrolled } = options;
  const unchanged = Array.from({ length: clustered.voices }, (_, voice) => voice);
  const probes = probesOf(clustered, turnsOf(unchanged), input.dimensions);
  const taken = matchPeople(probes, enrolled, options);
  const named = new Set(taken.flatMap((one) => one?.voice.id ?? [])).size;
  const strangers = joinedStrangers(
    probes,
    taken.map((one) => one === undefined),
    {
      cosine: joinCosine,
      maxGroups: Math.max(1, (input.maxVoices ?? Number.POSITIVE_INFINITY) - named),
    },
  );
  const people = taken.map((one, row) => one?.voice.id ?? strangers[row]!);
  const persons = [...new Set(people)];
  const whole = persons.map((person) => pooled(probes.filter((_, row) => people[row] === person)));
  const known = persons.filter((person) => typeof person === 'string');
  const verdicts = rankEach(whole, enrolled, options, known).map((ranking, i) => {
    const own = ranking.near.find(({ voice }) => voice.id === persons[i]);
    return decide(ranking, own, input);
  });
  const labels = people.map((person) => persons.indexOf(person));
  const { turns, numbers } = numbered(turnsOf(labels), verdicts);
  const rowVoices = Int32Array.from(
    clustered.labels,
    (label) => numbers.get(labels[label] ?? UNASSIGNED) ?? UNASSIGNED,
  );
  return { turns, rowVoices };
}

/** Marks the turns that overlap others; they are in order of their start. */
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

/** Merges unnamed voices that are similar enough, or too many; the number of each voice, unchanged for named ones. */
function joinedStrangers(probes: readonly PooledVoice[], isStranger: readonly boolean[], stop: LinkageStop): number[] {
  const rows = [...probes.keys()].filter((row) => isStranger[row]);
  const dimensions = probes[0]?.centroid.length ?? 0;
  const sums = new Float32Array(rows.length * dimensions);
  rows.forEach((row, i) => {
    sums.set(probes[row]!.centroid, i * dimensions);
  });
  const groups = { dimensions, sums, weights: new Float64Array(rows.length).fill(1) };
  const labels = averageLinkage(groups, stop);
  const numbers = [...probes.keys()];
  rows.forEach((row, i) => {
    numbers[row] = rows[labels.indexOf(labels[i]!)]!;
  });
  return numbers;
}

/** The segment of speech that contains the middle of each window. */
function segmentsOf(windows: readonly SampleSpan[], speech: readonly SampleSpan[]): Int32Array {
  let segment = 0;
  return Int32Array.from(windows, ({ startSample, endSample }) => {
    const middle = (startSample + endSample) / 2;
    while (segment < speech.length - 1 && speech[segment]!.endSample < middle) segment += 1;
    return segment;
  });
}

function probesOf(found: ClusteredWindows, spans: readonly Turn[], dimensions: number): PooledVoice[] {
  const samples = new Float64Array(found.voices);
  for (const { voice, startSample, endSample } of spans) samples[voice]! += endSample - startSample;
  return Array.from(samples, (count, voice) => ({
    centroid: found.centroids.slice(voice * dimensions, (voice + 1) * dimensions),
    speechSeconds: secondsOfSamples(count),
  }));
}

function pooled(parts: readonly PooledVoice[]): PooledVoice {
  const seconds = parts.map(({ speechSeconds }) => speechSeconds);
  return {
    centroid: centroid(
      parts.map((part) => part.centroid),
      seconds,
    ),
    speechSeconds: seconds.reduce((sum, some) => sum + some, 0),
  };
}

/** Joins adjacent turns of one person and numbers people in order of appearance; `verdicts` by the number before. */
function numbered(
  turns: readonly Turn[],
  verdicts: readonly Verdict[],
): { readonly turns: ResolvedTurn[]; readonly numbers: ReadonlyMap<number, number> } {
  const numbers = new Map<number, number>();
  const resolved: ResolvedTurn[] = [];
  for (const { startSample, endSample, voice: before } of turns) {
    if (!numbers.has(before)) numbers.set(before, numbers.size);
    const voice = numbers.get(before)!;
    const last = resolved.at(-1);
    if (last && last.voice === voice && last.endSample === startSample)
      resolved[resolved.length - 1] = { ...last, endSample };
    else resolved.push({ startSample, endSample, voice, ...verdicts[before]!, isOverlap: false });
  }
  return { turns: resolved, numbers };
}
