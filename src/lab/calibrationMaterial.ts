import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Recording } from '../audio/recording.js';
import { ENGINE_SAMPLE_RATE_HZ, type SampleSpan } from '../core/audioFrame.js';
import { VoicePrintsError } from '../core/errors.js';
import type { Compute } from '../engine/compute/compute.js';
import { BandwidthProbe } from '../engine/recording/bandwidthProbe.js';
import { addComfortNoise } from '../engine/recording/comfortNoise.js';
import { wholeRecording } from '../engine/recording/wholeRecording.js';
import { inRoom, noisy, seededRandom, telephone } from '../evaluation/damage.js';
import { type ManifestRow, parseManifest } from '../evaluation/manifest.js';
import { windowsOf } from '../identity/windowsOf.js';

/** Condition simulated before embedding. */
export type Condition = 'as recorded' | 'telephone' | 'noisy room';

/** Embedded windows of speech of one person under one condition. */
export interface EmbeddedSpeech {
  readonly condition: Condition;
  readonly isNarrowBand: boolean;
  readonly windows: readonly SampleSpan[];
  /** One per window, unit norm, shape (d,). */
  readonly embeddings: readonly Float32Array<ArrayBuffer>[];
}

/** One person: three enrolment samples, and other speech (from another session where there is one) as probe. */
export interface CalibrationSpeaker {
  /** People recorded under the same conditions: the part of the speaker's name before a slash. */
  readonly group: string;
  readonly samples: readonly EmbeddedSpeech[];
  readonly probes: readonly EmbeddedSpeech[];
}

export interface CalibrationMaterialOptions {
  readonly manifestPath: string;
  /** Maximum number of people. */
  readonly maxSpeakers: number;
  /** True where the network was trained on these people: each is turned into another voice by a change of speed. */
  readonly isShifted: boolean;
  readonly compute: Compute;
  readonly openRecording: (path: string) => Promise<Recording>;
  readonly signal: AbortSignal;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const ENROL_SECONDS = 18;
const PROBE_SECONDS = 12;
const SAMPLES = 3;
/** Rates between and beyond those that training used (.85, .92, 1, 1.08, 1.18). */
const SHIFTS = [0.885, 1.13, 0.96, 1.04];
/** Each person is embedded under two of these, to limit the work. */
const CONDITIONS: readonly Condition[] = ['as recorded', 'telephone', 'noisy room'];

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
    `calibration needs at least four people with ${ENROL_SECONDS + PROBE_SECONDS} s of speech each; list more`,
  );
}

interface ChosenSpeaker {
  readonly group: string;
  readonly enrol: readonly ManifestRow[];
  readonly probe: readonly ManifestRow[];
}

/** People with enough speech; chosen by a seeded shuffle. */
function chooseSpeakers(rows: readonly ManifestRow[], maxSpeakers: number): ChosenSpeaker[] {
  const bySpeaker = new Map<string, ManifestRow[]>();
  for (const row of rows) {
    const list = bySpeaker.get(row.speaker);
    if (list) list.push(row);
    else bySpeaker.set(row.speaker, [row]);
  }
  const groups: ChosenSpeaker[] = [];
  for (const [speaker, list] of bySpeaker) {
    const group = speaker.includes('/') ? speaker.slice(0, speaker.indexOf('/')) : '';
    const parts = splitRows(list);
    if (parts) groups.push({ group, ...parts });
  }
  const random = seededRandom(7);
  return groups
    .map((one) => ({ one, order: random() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, maxSpeakers)
    .map(({ one }) => one);
}

/** The last session is for the probe where there are several; enrolment and probe never share an utterance. */
function splitRows(rows: readonly ManifestRow[]): Omit<ChosenSpeaker, 'group'> | undefined {
  const last = rows.at(-1)!.session;
  const isAcross = rows.some(({ session }) => session !== last);
  const enrol: ManifestRow[] = [];
  let enrolled = 0;
  for (const row of rows) {
    if (enrolled >= ENROL_SECONDS || (isAcross && row.session === last)) continue;
    enrol.push(row);
    enrolled += secondsOf(row);
  }
  const rest = rows.filter((row) => !enrol.includes(row) && (!isAcross || row.session === last));
  const spoken = rest.reduce((sum, row) => sum + secondsOf(row), 0);
  return enrolled >= 0.6 * ENROL_SECONDS && spoken >= 0.5 * PROBE_SECONDS ? { enrol, probe: rest } : undefined;
}

const secondsOf = ({ startSeconds, endSeconds }: ManifestRow) =>
  endSeconds === undefined ? 30 : endSeconds - startSeconds;

async function embedSpeaker(
  { group, enrol, probe }: ChosenSpeaker,
  number: number,
  options: CalibrationMaterialOptions,
): Promise<CalibrationSpeaker> {
  const files = new Map<string, Float32Array>();
  for (const file of new Set([...enrol, ...probe].map((row) => row.file))) {
    const opened = await options.openRecording(resolve(dirname(options.manifestPath), file));
    files.set(file, await wholeRecording(opened));
  }
  const random = seededRandom(number + 1);
  const rate = options.isShifted ? SHIFTS[number % SHIFTS.length]! : 1;
  const enrolled = atRate(joined(enrol, files, ENROL_SECONDS), rate);
  const tried = atRate(joined(probe, files, PROBE_SECONDS), rate);
  const part = Math.floor(enrolled.length / SAMPLES);
  // One in four enrols over the telephone, too.
  const enrolCondition: Condition = number % 4 === 3 ? 'telephone' : 'as recorded';
  const heard = [
    ...Array.from({ length: SAMPLES }, (_, i) => ({
      condition: enrolCondition,
      samples: enrolled.slice(i * part, (i + 1) * part),
    })),
    { condition: CONDITIONS[number % 3]!, samples: tried },
    { condition: CONDITIONS[(number + 1) % 3]!, samples: tried },
  ].map(({ condition, samples }) => ({ condition, samples: damaged(samples, condition, random) }));
  const bandwidth = new BandwidthProbe();
  bandwidth.add(tried);
  const isNarrowBand = await bandwidth.isNarrowBand(options.compute, options.signal);
  const embedded = await embedAll(heard, isNarrowBand, options);
  return { group, samples: embedded.slice(0, SAMPLES), probes: embedded.slice(SAMPLES) };
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
  if (condition === 'telephone') return telephone(samples);
  if (condition === 'noisy room')
    return noisy(inRoom(samples, 0.2 + 0.4 * random(), random), 8 + 17 * random(), random);
  return samples;
}

async function embedAll(
  heard: readonly { readonly condition: Condition; readonly samples: Float32Array<ArrayBuffer> }[],
  isNarrowBand: boolean,
  { compute, signal }: CalibrationMaterialOptions,
): Promise<EmbeddedSpeech[]> {
  const described = heard.map(({ condition, samples }) => ({
    condition,
    isNarrowBand: isNarrowBand || condition === 'telephone',
    windows: windowsOf({ startSample: 0, endSample: samples.length }),
  }));
  for (const { samples } of heard) addComfortNoise(samples);
  const vectors = await compute.embed(
    heard.map(({ samples }, i) => ({ samples, windows: described[i]!.windows })),
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
