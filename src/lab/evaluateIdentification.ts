import { ENGINE_SAMPLE_RATE_HZ, type SampleSpan } from '../core/audioFrame.js';
import { VoicePrintsError } from '../core/errors.js';
import { centroid } from '../core/vector.js';
import type { Compute } from '../engine/compute/compute.js';
import { BandwidthProbe } from '../engine/recording/bandwidthProbe.js';
import { seededRandom } from '../evaluation/damage.js';
import { cllr, minCllr, type Trials } from '../evaluation/detectionMetrics.js';
import type { ManifestRow } from '../evaluation/manifest.js';
import { type OpenSetResult, openSetResult } from '../evaluation/openSet.js';
import { drawSplit, type LocatedSpeech, probeSpans, sampleSpans } from '../evaluation/openSetPlan.js';
import { windowsOf } from '../identity/windowsOf.js';
import { groupAudio, type ManifestAudioOptions, readManifestRows } from './manifestAudio.js';
import { type OpenSetPerson, type PooledSpeech, splitTrials } from './openSetTrials.js';

export interface EvaluateIdentificationOptions extends ManifestAudioOptions {
  /** People enrolled; undefined: half of them. */
  readonly gallery?: number | undefined;
  /** Speech per probe; undefined: one utterance. */
  readonly seconds?: number | undefined;
  /** False: probes only, to measure several lengths with the samples of one pass. */
  readonly hasSamples?: boolean;
  readonly compute: Compute;
}

/** Output of `eval identify`. Percentages; see OpenSetResult. */
export interface IdentificationResult extends OpenSetResult {
  /** People enrolled in each split. */
  readonly gallery: number;
  readonly speakers: number;
  /** Over every probe with every voiceprint; null for an uncalibrated model. */
  readonly cllr: number | null;
  readonly minCllr: number;
}

const SPLITS = 10;
const SEED = 1;
/** Three samples of this length complete a voiceprint (12 s). */
const SAMPLE_SECONDS = 4;
/** Shorter utterances are skipped, as in evaluateVerification. */
const LEAST_SAMPLES = 12_000; // 750 ms

/**
 * Open-set identification as in production: voiceprints of three samples, probes of enrolled people and of impostors;
 * windows, comparison and decision of the engine. Ten splits of the people, the same in every run.
 *
 * @throws VoicePrintsError FILE_NOT_FOUND, FILE_UNREADABLE, INPUT_INVALID, and the errors of the decoder and the network
 */
export async function evaluateIdentification(options: EvaluateIdentificationOptions): Promise<IdentificationResult> {
  return openSetOf(await embedPeople(options), options);
}

/** Evaluates ten splits of people already embedded. Throws INPUT_INVALID with too few of them. */
export function openSetOf(
  people: readonly OpenSetPerson[],
  { gallery = people.length >> 1, compute }: Pick<EvaluateIdentificationOptions, 'gallery' | 'compute'>,
): IdentificationResult {
  const random = seededRandom(SEED);
  const { calibration } = compute.model;
  const splits = Array.from({ length: SPLITS }, () => {
    const split = drawSplit(people, gallery, random);
    return { enrolled: split.enrolled.length, ...splitTrials(people, split, calibration) };
  });
  const trials = splits.flatMap((split) => split.trials);
  const enrolled = Math.min(...splits.map((split) => split.enrolled));
  const result = openSetResult(trials);
  if (!result || enrolled < 2 || enrolled < gallery) {
    throw new VoicePrintsError(
      'INPUT_INVALID',
      `the manifest lets ${enrolled} people be enrolled beside strangers, ${Math.max(2, gallery)} are needed; list more people with ${3 * SAMPLE_SECONDS} s of speech and an utterance beside them, or ask for a smaller gallery`,
    );
  }
  const pairs: Trials = {
    targets: Float64Array.from(splits.flatMap(({ targets }) => targets)),
    nontargets: Float64Array.from(splits.flatMap(({ nontargets }) => nontargets)),
  };
  const speakers = people.length;
  return { gallery, speakers, ...result, cllr: calibration ? cllr(pairs) : null, minCllr: minCllr(pairs) };
}

/** Embeds all people of the manifest: enrolment samples and probes. Each utterance is embedded once, each probe of `seconds` once more. */
export async function embedPeople(options: EvaluateIdentificationOptions): Promise<OpenSetPerson[]> {
  const groups = groupsOf(await readManifestRows(options.manifestPath));
  const people = new Map<string, { samples: PooledSpeech[]; probes: PooledSpeech[] }>();
  let next = 0;
  for await (const cuts of groupAudio(groups, options)) {
    const { speaker, session } = groups[next]![0]!;
    const { samples, probes } = await embedSession(
      cuts.filter(({ length }) => length >= LEAST_SAMPLES),
      session,
      options,
    );
    const person = people.get(speaker) ?? { samples: [], probes: [] };
    person.samples.push(...samples);
    person.probes.push(...probes);
    people.set(speaker, person);
    next += 1;
  }
  return [...people].map(([speaker, pieces]) => ({ speaker, ...pieces })).filter(({ probes }) => probes.length > 0);
}

/** Utterances of one person in one session, in their order. */
function groupsOf(rows: readonly ManifestRow[]): ManifestRow[][] {
  const groups = new Map<string, ManifestRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.speaker, row.session]);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()];
}

async function embedSession(
  cuts: readonly Float32Array<ArrayBuffer>[],
  session: string | undefined,
  { compute, signal, seconds, hasSamples = true }: EvaluateIdentificationOptions,
): Promise<{ samples: PooledSpeech[]; probes: PooledSpeech[] }> {
  const bandwidth = new BandwidthProbe();
  for (const cut of cuts) bandwidth.add(cut);
  const isNarrowBand = await bandwidth.isNarrowBand(compute, signal);
  const lengths = cuts.map(({ length }) => length);
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0));
  const joined = joinedOf(cuts);
  const utterances = hasSamples || seconds === undefined ? spansOf(starts, lengths) : [];
  const windows = await embedSpans(joined, utterances, { compute, signal });
  const pooled = (span: SampleSpan, windows: readonly EmbeddedWindow[]) =>
    pooledSpeech({ ...span, session }, isNarrowBand, windows);
  const wanted = probeSpans(lengths, Math.round((seconds ?? 0) * ENGINE_SAMPLE_RATE_HZ));
  const probes =
    seconds === undefined
      ? utterances.map((span) => pooled(span, within(windows, span)))
      : (await embedEach(joined, wanted, { compute, signal })).map((windows, i) => pooled(wanted[i]!, windows));
  const wantedSamples = hasSamples ? sampleSpans(lengths, SAMPLE_SECONDS * ENGINE_SAMPLE_RATE_HZ) : [];
  const samples = wantedSamples.map((span) => pooled(span, within(windows, span)));
  return { samples, probes };
}

interface EmbeddedWindow extends SampleSpan {
  readonly embedding: Float32Array<ArrayBuffer>;
}

type Network = Pick<EvaluateIdentificationOptions, 'compute' | 'signal'>;

/** Embeds the windows of each span, placed as in production. */
async function embedEach(
  joined: Float32Array,
  spans: readonly SampleSpan[],
  { compute, signal }: Network,
): Promise<EmbeddedWindow[][]> {
  if (spans.length === 0) return [];
  const speech = spans.map(({ startSample, endSample }) => ({
    samples: joined.slice(startSample, endSample),
    windows: windowsOf({ startSample: 0, endSample: endSample - startSample }),
  }));
  const laid = speech.map(({ windows }) => windows);
  const embeddings = await compute.embed(speech, signal);
  let at = 0;
  return laid.map((windows, i) =>
    windows.map((window) => ({
      startSample: spans[i]!.startSample + window.startSample,
      endSample: spans[i]!.startSample + window.endSample,
      embedding: embeddings[at++]!,
    })),
  );
}

const embedSpans = async (joined: Float32Array, spans: readonly SampleSpan[], network: Network) =>
  (await embedEach(joined, spans, network)).flat();

/** Windows whose centre is in the span. */
function within(windows: readonly EmbeddedWindow[], { startSample, endSample }: SampleSpan): EmbeddedWindow[] {
  return windows.filter((window) => {
    const middle = (window.startSample + window.endSample) / 2;
    return middle >= startSample && middle < endSample;
  });
}

function pooledSpeech(where: LocatedSpeech, isNarrowBand: boolean, windows: readonly EmbeddedWindow[]): PooledSpeech {
  return {
    ...where,
    isNarrowBand,
    speechSeconds: (where.endSample - where.startSample) / ENGINE_SAMPLE_RATE_HZ,
    embedding: centroid(
      windows.map(({ embedding }) => embedding),
      windows.map(({ startSample, endSample }) => endSample - startSample),
    ),
  };
}

const spansOf = (starts: readonly number[], lengths: readonly number[]): SampleSpan[] =>
  starts.map((startSample, i) => ({ startSample, endSample: startSample + lengths[i]! }));

function joinedOf(pieces: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const out = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
