import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openRecording } from '../audio/openRecording.js';
import { asVoicePrintsError, VoicePrintsError } from '../core/errors.js';
import type { RecordingLimits } from '../core/recording.js';
import { secondsOfSamples } from '../core/time.js';
import { centroid } from '../core/vector.js';
import { WorkerCompute } from '../engine/compute/workerCompute.js';
import { type EmbeddedSpeech, speechOf } from '../engine/recording/speechOf.js';
import { type EmbeddedUtterance, verify } from '../evaluation/verification.js';
import { ModelStore } from '../inference/modelStore.js';
import type { SpeakerModel } from '../inference/speakerModel.js';

export interface RecommendOptions {
  /** A folder of people: in it a folder per person, with recordings of that person alone. */
  readonly folder: string;
  readonly storeDirectory: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** How one model does on the recordings. */
export interface TriedModel {
  readonly model: SpeakerModel;
  readonly isInUse: boolean;
  readonly eerPercent: number;
  readonly minCllr: number;
  /** Processor time as a share of the length of the recordings, speech detection included. */
  readonly realTimeFactor: number;
}

export interface Recommendation {
  /** Best first. */
  readonly tried: readonly TriedModel[];
  readonly people: number;
  readonly recordings: number;
  /** Files that could not be decoded, or hold too little speech. */
  readonly skipped: number;
  /** Pairs of recordings of one person, and of two. */
  readonly targets: number;
  readonly nontargets: number;
}

const MAX_PEOPLE = 200;
const MAX_RECORDINGS = 20;
/** Windows (of 1.5 s, every .75 s) in each half of one person's only recording, from which the halves count as two. */
const LEAST_HALF_WINDOWS = 8;
const LIMITS: RecordingLimits = { maxBytes: 2 ** 31, maxDurationMs: 900_000, maxDecodeMs: 300_000 };

/**
 * Compares recordings of known people with every speaker model that is present, each recording as the mean of its windows, as
 * voiceprints are made.
 *
 * @throws VoicePrintsError FILE_NOT_FOUND, INPUT_INVALID where the recordings give no comparison, and what the networks and the
 *   signal throw
 */
export async function recommendModels(options: RecommendOptions): Promise<Recommendation> {
  const files = await filesOf(options.folder);
  const store = await ModelStore.openFor(options.storeDirectory);
  const models = await store.list();
  const tried: (TriedModel & Counts)[] = [];
  for (const [i, model] of models.entries()) {
    const onProgress = (done: number) => options.onProgress?.(i * files.length + done, models.length * files.length);
    const isInUse = (model.storedAs ?? model.id) === store.defaultId;
    tried.push({ ...(await tryOn(model, files, { ...options, onProgress })), model, isInUse });
  }
  tried.sort((a, b) => a.eerPercent - b.eerPercent || a.minCllr - b.minCllr || a.realTimeFactor - b.realTimeFactor);
  const { people, recordings, skipped, targets, nontargets } = tried[0]!;
  return { tried, people, recordings, skipped, targets, nontargets };
}

interface OwnFile {
  readonly person: string;
  readonly path: string;
  readonly isOnly: boolean;
}

type Counts = Omit<Recommendation, 'tried'>;

async function tryOn(
  model: SpeakerModel,
  files: readonly OwnFile[],
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (done: number) => void },
): Promise<Omit<TriedModel, 'model' | 'isInUse'> & Counts> {
  await using compute = new WorkerCompute({ model });
  const utterances: EmbeddedUtterance[] = [];
  let [seconds, skipped] = [0, 0];
  const before = process.cpuUsage();
  for (const [done, { person, path, isOnly }] of files.entries()) {
    const speech = await speechIn(path, compute, signal);
    const parts = speech ? partsOf(speech, isOnly) : [];
    if (parts.length === 0) skipped += 1;
    seconds += secondsOfSamples(speech?.samples ?? 0);
    utterances.push(...parts.map((part) => ({ ...part, speaker: person, session: undefined })));
    onProgress(done + 1);
  }
  const { user, system } = process.cpuUsage(before);
  const result = verify(utterances, undefined);
  if (!result) throw tooFew();
  const { eerPercent, minCllr, targets, nontargets, speakers: people } = result;
  const realTimeFactor = (user + system) / 1e6 / Math.max(1, seconds);
  return { eerPercent, minCllr, realTimeFactor, people, recordings: files.length, skipped, targets, nontargets };
}

/** Undefined for a file that is no recording: a text beside them is no reason to stop. */
async function speechIn(
  path: string,
  compute: WorkerCompute,
  signal: AbortSignal,
): Promise<EmbeddedSpeech | undefined> {
  try {
    await using recording = await openRecording({ kind: 'file', path }, LIMITS, signal);
    return await speechOf(recording.frames(), { compute, signal });
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asVoicePrintsError(thrown);
    if (/^(AUDIO|FILE)_/.test(error.code)) return undefined;
    throw error;
  }
}

type Part = Pick<EmbeddedUtterance, 'embedding' | 'speechSeconds'>;

/** A recording as one part, or as two where it is the only one of its person and long enough. */
function partsOf({ windows, embeddings, dimensions }: EmbeddedSpeech, isOnly: boolean): Part[] {
  const rows = windows.map((_, row) => row);
  if (rows.length === 0) return [];
  const half = Math.floor(rows.length / 2);
  const isHalved = isOnly && half >= LEAST_HALF_WINDOWS;
  const groups = isHalved ? [rows.slice(0, half - 1), rows.slice(half + 1)] : [rows]; // no window in both
  return groups.map((group) => {
    const lengths = group.map((row) => windows[row]!.endSample - windows[row]!.startSample);
    const embedding = centroid(
      group.map((row) => embeddings.subarray(row * dimensions, (row + 1) * dimensions)),
      lengths,
    );
    return { embedding, speechSeconds: secondsOfSamples(lengths.reduce((sum, length) => sum + length, 0)) };
  });
}

async function filesOf(folder: string): Promise<OwnFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    const code = cause.code === 'ENOENT' ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE';
    throw new VoicePrintsError(code, 'the folder cannot be read; check its path', { cause });
  });
  const people = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).slice(0, MAX_PEOPLE);
  const files: OwnFile[] = [];
  for (const { name: person } of people.sort((a, b) => a.name.localeCompare(b.name))) {
    const inside = await readdir(join(folder, person), { withFileTypes: true });
    const own = inside.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).slice(0, MAX_RECORDINGS);
    for (const { name } of own) files.push({ person, path: join(folder, person, name), isOnly: own.length === 1 });
  }
  if (people.length < 2 || files.length === 0) throw tooFew();
  return files;
}

const tooFew = (): VoicePrintsError =>
  new VoicePrintsError(
    'INPUT_INVALID',
    'these recordings compare nobody; give a folder with a folder per person, two people or more, and two recordings of each',
  );
