import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Recording } from '../audio/recording.js';
import { ENGINE_SAMPLE_RATE_HZ, type SampleSpan } from '../core/audioFrame.js';
import { VoicePrintsError } from '../core/errors.js';
import type { Compute } from '../engine/compute/compute.js';
import { BandwidthProbe } from '../engine/recording/bandwidthProbe.js';
import { addComfortNoise } from '../engine/recording/comfortNoise.js';
import { wholeRecording } from '../engine/recording/wholeRecording.js';
import { equalised, inRoom, noisy, seededRandom, telephone } from '../evaluation/damage.js';
import { type ManifestRow, parseManifest } from '../evaluation/manifest.js';
import { windowsOf } from '../identity/windowsOf.js';

/** What was done to the sound before it was embedded. */
export type Condition = 'as recorded' | 'other microphone' | 'room' | 'telephone';

/** Embedded windows of speech of one person under one condition. */
export interface EmbeddedSpeech {
  readonly condition: Condition;
  readonly isNarrowBand: boolean;
  readonly windows: readonly SampleSpan[];
  /** One per window, unit norm, shape (d,). */
  readonly embeddings: readonly Float32Array<ArrayBuffer>[];
}

/** One person on two occasions: enrolled from one, tried in the other. */
export interface CalibrationSpeaker {
  /** People recorded under the same conditions: the part of the speaker's name before a slash. */
  readonly group: string;
  /** Two occasions without an utterance in common, each under several conditions, which were drawn apart. */
  readonly occasions: readonly [readonly EmbeddedSpeech[], readonly EmbeddedSpeech[]];
  /** True where they are two sessions; else one session was cut in two, and only damage makes them differ. */
  readonly isTwoSessions: boolean;
}

export interface CalibrationMaterialOptions {
  readonly manifestPath: string;
  /** Maximum number of people. */
  readonly maxSpeakers: number;
  /** True where the network was trained on these people: each is turned into another voice by a change of speed. */
  readonly isShifted: boolean;
  /** Degradations applied to each occasion besides the original recording; default 2. */
  readonly damagesEach?: number;
  readonly compute: Compute;
  readonly openRecording: (path: string) => Promise<Recording>;
  readonly signal: AbortSignal;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Speech of each occasion. */
const OCCASION_SECONDS = 12;
/** With less a person is left out. */
const LEAST_SECONDS = 4;
/** Rates between and beyond those that training used (.85, .92, 1, 1.08, 1.18). */
const SHIFTS = [0.885, 1.13, 0.96, 1.04];
/** Each occasion is used as recorded and with so many of these degradations. */
const DAMAGES: readonly Condition[] = ['other microphone', 'room', 'telephone'];
const DAMAGES_EACH = 2;

/** Reads the people of a manifest and embeds them as enrolment and identification do. Deterministic. */
export async function calibrationSpeakers(options: CalibrationMaterialOptions): Promise<CalibrationSpeaker[]> {
  const rows = parseManifest(await readFile(options.manifestPath, 'utf8'));
  const chosen = chooseSpeakers(rows, options.maxSpeakers);
  const speakers: CalibrationSpeaker[] = [];
  for (const [number, one] of chosen.entries()) {
    options.signal.throwIfAborted();
    speakers.push(await embedSpeaker(one, number, options));
    options.onProgress?.(number + 1, chosen.length);
  }
  if (speakers.length >= 4) return speakers;
  throw new VoicePrintsError(
    'INPUT_INVALID',
    `calibration needs at least four people with ${2 * LEAST_SECONDS} s of speech each; list more`,
  );
}

interface ChosenSpeaker {
  readonly group: string;
  readonly occasions: readonly [readonly ManifestRow[], readonly ManifestRow[]];
  readonly isTwoSessions: boolean;
}

/** People with enough speech, as many of each group as there are where not all are taken; a seeded shuffle decides who. */
function chooseSpeakers(rows: readonly ManifestRow[], maxSpeakers: number): ChosenSpeaker[] {
  const random = seededRandom(7);
  const groups = new Map<string, { one: ChosenSpeaker; order: number }[]>();
  for (const [speaker, list] of grouped(rows, (row) => row.speaker)) {
    const group = speaker.includes('/') ? speaker.slice(0, speaker.indexOf('/')) : '';
    const parts = splitRows(list);
    const order = random();
    if (parts) groups.set(group, [...(groups.get(group) ?? []), { one: { group, ...parts }, order }]);
  }
  const inTurn = [...groups.values()].flatMap((list) =>
    list.sort((a, b) => a.order - b.order).map(({ one }, turn) => ({ one, turn })),
  );
  return inTurn
    .sort((a, b) => a.turn - b.turn)
    .slice(0, maxSpeakers)
    .map(({ one }) => one);
}

/** Sessions in two parts of much the same length, or, with one session, its first and second half; undefined: too little speech. */
function splitRows(rows: readonly ManifestRow[]): Omit<ChosenSpeaker, 'group'> | undefined {
  const sessions = [...grouped(rows, (row) => row.session)].map(([, list]) => list);
  const isTwoSessions = sessions.length > 1;
  const occasions: [ManifestRow[], ManifestRow[]] = isTwoSessions ? [[], []] : halvesOf(rows);
  if (isTwoSessions) {
    for (const session of sessions.sort((a, b) => secondsIn(b) - secondsIn(a))) {
      occasions[secondsIn(occasions[0]) <= secondsIn(occasions[1]) ? 0 : 1].push(...session);
    }
  }
  return occasions.every((part) => secondsIn(part) >= LEAST_SECONDS) ? { occasions, isTwoSessions } : undefined;
}

/** Utterances before and after the middle; a single one is cut there. */
function halvesOf(rows: readonly ManifestRow[]): [ManifestRow[], ManifestRow[]] {
  const [only] = rows;
  if (rows.length > 1 || only?.endSeconds === undefined) {
    return [rows.slice(0, rows.length >> 1), rows.slice(rows.length >> 1)];
  }
  const middle = (only.startSeconds + only.endSeconds) / 2;
  return [[{ ...only, endSeconds: middle }], [{ ...only, startSeconds: middle }]];
}

function grouped<K>(rows: readonly ManifestRow[], keyOf: (row: ManifestRow) => K): Map<K, ManifestRow[]> {
  const groups = new Map<K, ManifestRow[]>();
  for (const row of rows) {
    const list = groups.get(keyOf(row));
    if (list) list.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}

const secondsIn = (rows: readonly ManifestRow[]) =>
  rows.reduce(
    (sum, { startSeconds, endSeconds }) => sum + (endSeconds === undefined ? 30 : endSeconds - startSeconds),
    0,
  );

async function embedSpeaker(
  { group, occasions, isTwoSessions }: ChosenSpeaker,
  number: number,
  options: CalibrationMaterialOptions,
): Promise<CalibrationSpeaker> {
  const files = new Map<string, Float32Array>();
  for (const file of new Set(occasions.flat().map((row) => row.file))) {
    const opened = await options.openRecording(resolve(dirname(options.manifestPath), file));
    files.set(file, await wholeRecording(opened));
  }
  const random = seededRandom(number + 1);
  const rate = options.isShifted ? SHIFTS[number % SHIFTS.length]! : 1;
  const recorded = occasions.map((rows) => joined(rows, files, OCCASION_SECONDS));
  const spoken = recorded.map((samples) => atRate(samples, rate));
  const bandwidth = new BandwidthProbe();
  bandwidth.add(recorded[1]!); // faster speech reaches higher
  const isNarrowBand = await bandwidth.isNarrowBand(options.compute, options.signal);
  const degraded = spoken.flatMap((samples) =>
    drawnConditions(random, options.damagesEach ?? DAMAGES_EACH).map((condition) => ({
      condition,
      samples: damaged(samples, condition, random),
    })),
  );
  const embedded = await embedAll(degraded, isNarrowBand, options);
  const half = embedded.length / 2;
  return { group, isTwoSessions, occasions: [embedded.slice(0, half), embedded.slice(half)] };
}

function drawnConditions(random: () => number, count: number): Condition[] {
  const others = DAMAGES.map((condition) => ({ condition, order: random() })).sort((a, b) => a.order - b.order);
  return ['as recorded', ...others.slice(0, count).map(({ condition }) => condition)];
}

/** Consecutive utterances, at most `seconds` in total. */
function joined(rows: readonly ManifestRow[], files: ReadonlyMap<string, Float32Array>, seconds: number) {
  const parts = rows.map(({ file, startSeconds, endSeconds }) =>
    files
      .get(file)!
      .subarray(
        Math.round(startSeconds * ENGINE_SAMPLE_RATE_HZ),
        endSeconds === undefined ? undefined : Math.round(endSeconds * ENGINE_SAMPLE_RATE_HZ),
      ),
  );
  const length = parts.reduce((sum, one) => sum + one.length, 0);
  const out = new Float32Array(Math.min(length, seconds * ENGINE_SAMPLE_RATE_HZ));
  let at = 0;
  for (const one of parts) {
    out.set(one.subarray(0, out.length - at), at);
    at = Math.min(out.length, at + one.length);
  }
  return out;
}

function damaged(
  samples: Float32Array<ArrayBuffer>,
  condition: Condition,
  random: () => number,
): Float32Array<ArrayBuffer> {
  if (condition === 'as recorded') return samples.slice();
  if (condition === 'other microphone') return noisy(equalised(samples, 3, random), 22 + 18 * random(), random);
  if (condition === 'telephone') return telephone(noisy(equalised(samples, 6, random), 15 + 20 * random(), random));
  const room = inRoom(samples, 0.15 + 0.65 * random(), random, 0.05 + 0.75 * random());
  return noisy(equalised(room, 8, random), 8 + 17 * random(), random);
}

async function embedAll(
  degraded: readonly { readonly condition: Condition; readonly samples: Float32Array<ArrayBuffer> }[],
  isNarrowBand: boolean,
  { compute, signal }: CalibrationMaterialOptions,
): Promise<EmbeddedSpeech[]> {
  const described = degraded.map(({ condition, samples }) => ({
    condition,
    isNarrowBand: isNarrowBand || condition === 'telephone',
    windows: windowsOf({ startSample: 0, endSample: samples.length }),
  }));
  for (const { samples } of degraded) addComfortNoise(samples);
  const vectors = await compute.embed(
    degraded.map(({ samples }, i) => ({ samples, windows: described[i]!.windows })),
    signal,
  );
  let at = 0;
  return described.map((one) => {
    const embeddings = vectors.slice(at, at + one.windows.length);
    at += one.windows.length;
    return { ...one, embeddings };
  });
}

/** The sound at `rate` times its speed, pitch included. */
function atRate(samples: Float32Array<ArrayBuffer>, rate: number): Float32Array<ArrayBuffer> {
  if (rate === 1) return samples;
  return Float32Array.from({ length: Math.floor((samples.length - 1) / rate) }, (_, i) => {
    const at = Math.floor(i * rate);
    const part = i * rate - at;
    return (1 - part) * samples[at]! + part * samples[at + 1]!;
  });
}
