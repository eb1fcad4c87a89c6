import { mkdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { asVoicePrintsError, VoicePrintsError } from '../../core/errors.js';
import { moveFile, removeTemporaries, replaceFile } from '../../files/atomicFile.js';
import { StoreLock } from '../../files/storeLock.js';
import { describeModel } from '../../inference/describeModel.js';
import { describeSegmentation, isSegmentation } from '../../inference/describeSegmentation.js';
import {
  type AddedModel,
  isModelId,
  type ModelIndex,
  modelFolder,
  modelIndexPath,
  modelIndexText,
  NO_SEGMENTATION,
  readModelIndex,
} from '../../inference/modelIndex.js';
import { fullIdOf, ModelStore } from '../../inference/modelStore.js';
import { readOnnxMetadata } from '../../inference/onnxMetadata.js';
import type { SegmentationModel } from '../../inference/segmentationModel.js';
import type { SpeakerModel } from '../../inference/speakerModel.js';
import { addressOf, inCatalogue } from './modelCatalogue.js';
import { modelInArchive } from './modelInArchive.js';
import { TRIAL_MS, tryInProcess } from './modelTrial.js';
import { type ModelSource, type ReceivedModel, receiveModel } from './receiveModel.js';

const LOCK_FILE = '.index.lock';
const LOCK_WAIT_MS = 10_000;

/** A model of MODEL_CATALOGUE. */
export interface CatalogueSource {
  readonly kind: 'catalogue';
  readonly name: string;
  /** http(s) URL of a folder with copies of the files, in place of their publishers' addresses. */
  readonly mirror?: string | undefined;
  /** Private hosts that are allowed. */
  readonly allowHosts: readonly string[];
}

export interface AddModelRequest {
  readonly storeDirectory: string;
  readonly source: ModelSource | CatalogueSource;
  /** Small letters, digits, `.`, `_`, `-`; by default the file's name, or that in the catalogue. */
  readonly id?: string | undefined;
  /** Refuses a file with another checksum, hexadecimal: of the ONNX file, or of the archive. */
  readonly sha256?: string | undefined;
  /** The file that is meant, where the source is an archive with several models. */
  readonly member?: string | undefined;
  readonly signal: AbortSignal;
  /** Bytes received so far. */
  readonly onBytes?: (received: number) => void;
  /** How long the model may take over its test sounds; two minutes by default. */
  readonly maxTrialMs?: number;
}

/**
 * Takes a speaker or segmentation model into a store, once it was checked and tried. Adding the same file under the same id again
 * changes nothing.
 *
 * @throws VoicePrintsError MODEL_INVALID with what is wrong with the file, INPUT_INVALID for an id that is taken or
 *   malformed, and what receiveModel, readModelIndex and the lock throw
 */
export async function addModel(given: AddModelRequest): Promise<SpeakerModel | SegmentationModel> {
  const request = located(given);
  const { storeDirectory, source, signal } = request;
  const id = request.id ?? idOfSource(source);
  assertId(id);
  assertChecksum(request.sha256);
  const received = await receiveFile(request).catch((error) => {
    throw asVoicePrintsError(error);
  });
  try {
    assertSame(received, request.sha256);
    const model = await describedModel(received.path, id);
    await tryInProcess(model, { signal, maxMs: request.maxTrialMs ?? TRIAL_MS });
    const kind = 'kind' in model ? 'segmentation' : 'speaker';
    await keep(storeDirectory, received, { id, kind, source: nameOfSource(source) });
  } catch (error) {
    throw asVoicePrintsError(error);
  } finally {
    await rm(received.path, { force: true }); // gone already where it was kept
  }
  return (await ModelStore.openFor(storeDirectory)).resolveEither(id);
}

interface LocatedRequest extends AddModelRequest {
  readonly source: ModelSource;
}

/** A model of the catalogue is fetched from its address, under its name, with its checksum. Throws MODEL_NOT_FOUND, CONFIG_INVALID. */
function located(request: AddModelRequest): LocatedRequest {
  const { source } = request;
  if (source.kind !== 'catalogue') return { ...request, source };
  const model = inCatalogue(source.name);
  if (!model) {
    const message = `the catalogue has no model ${source.name.slice(0, 80)}; see models list --catalogue`;
    throw new VoicePrintsError('MODEL_NOT_FOUND', message);
  }
  const url = addressOf(model, source.mirror);
  return {
    ...request,
    source: { kind: 'url', url, allowHosts: source.allowHosts },
    id: request.id ?? model.name,
    sha256: request.sha256 ?? model.sha256,
  };
}

/** The ONNX file of the source, whether it is one or an archive of one. */
async function receiveFile({
  storeDirectory,
  source,
  member,
  signal,
  onBytes,
}: LocatedRequest): Promise<ReceivedModel> {
  const folder = modelFolder(storeDirectory);
  const received = await receiveModel(source, folder, { signal, onBytes });
  let isArchive = true;
  try {
    const inside = await modelInArchive(received.path, folder, { member, signal });
    isArchive = inside !== undefined;
    return inside ? { ...inside, archiveSha256: received.sha256 } : received;
  } finally {
    if (isArchive) await rm(received.path, { force: true });
  }
}

/** The metadata of the file, checked without running it. Throws MODEL_INVALID. */
async function describedModel(path: string, name: string): Promise<SpeakerModel | SegmentationModel> {
  const bytes = await readFile(path);
  const describe = isSegmentation(readOnnxMetadata(bytes)) ? describeSegmentation : describeModel;
  return describe(bytes, { path, name, isBuiltIn: false });
}

/** No segmentation model is used from now on where none is named, whatever is added later. */
export async function useNoSegmentation(storeDirectory: string): Promise<void> {
  await change(storeDirectory, (index) => ({ ...index, segmentation: NO_SEGMENTATION }));
}

/**
 * Records the model that a store uses where none is named: a built-in one or an added one, for its kind. Voiceprints of
 * another speaker model stay, and are stale until enrolled again or the other model is used again.
 *
 * @throws VoicePrintsError MODEL_NOT_FOUND, MODEL_INVALID, and what readModelIndex and the lock throw
 */
export async function useModel(storeDirectory: string, id: string): Promise<SpeakerModel | SegmentationModel> {
  const model = await (await ModelStore.openFor(storeDirectory)).resolveEither(id);
  if (!('isBuiltIn' in model && model.isBuiltIn) && model.storedAs === undefined) {
    throw new VoicePrintsError('INPUT_INVALID', 'this is the path of a file; add it first, then use it by its id');
  }
  await change(storeDirectory, (index) => {
    if (model.storedAs !== undefined) entryOf(index, model.id); // it may have been removed meanwhile
    const chosen = model.storedAs ?? model.id;
    return 'kind' in model ? { ...index, segmentation: chosen } : { ...index, inUse: chosen };
  });
  return model;
}

/**
 * Removes an added model and its file; voiceprints made with it stay, and are stale.
 *
 * @throws VoicePrintsError MODEL_IN_USE, MODEL_NOT_FOUND, INPUT_INVALID for a built-in model, and what readModelIndex
 *   and the lock throw
 */
export async function removeModel(storeDirectory: string, id: string): Promise<void> {
  const index = await readModelIndex(storeDirectory);
  const isAdded = index.models.some((one) => one.id === id || fullIdOf(one) === id);
  if (!isAdded && (await isBuiltIn(id))) {
    throw new VoicePrintsError('INPUT_INVALID', `model ${id} is part of the package and cannot be removed; keep it`);
  }
  let file = '';
  await change(storeDirectory, (current) => {
    const entry = entryOf(current, id);
    if (current.inUse === entry.id) {
      throw new VoicePrintsError('MODEL_IN_USE', `model ${entry.id} is the one in use; use another one first`);
    }
    file = entry.file;
    const models = current.models.filter((one) => one !== entry);
    // Nothing depends on a segmentation model, so that the one in use may go.
    return { ...current, models, segmentation: current.segmentation === entry.id ? null : current.segmentation };
  });
  await rm(join(modelFolder(storeDirectory), file), { force: true });
}

async function keep(
  storeDirectory: string,
  { path, sha256 }: ReceivedModel,
  { id, kind, source }: Pick<AddedModel, 'id' | 'kind' | 'source'>,
): Promise<void> {
  if (await isBuiltIn(id)) throw taken(id);
  const file = `${id}-${sha256.slice(0, 12)}.onnx`;
  const entry: AddedModel = { id, file, sha256, source, addedAt: new Date().toISOString(), kind };
  await change(storeDirectory, async (index) => {
    const before = index.models.find((one) => one.id === id || one.sha256 === sha256);
    if (before && (before.id !== id || before.sha256 !== sha256)) {
      throw before.id === id ? taken(id) : alreadyThere(before.id);
    }
    // The file first: an index that names a missing file would be worse than a file that nobody names. A file that was
    // damaged since is mended by adding it again.
    await moveFile(path, join(modelFolder(storeDirectory), file));
    return before ? index : { ...index, models: [...index.models, entry] };
  });
}

type Change = (index: ModelIndex) => ModelIndex | Promise<ModelIndex>;

/** One step over the index, alone among processes; what throws leaves it as it was. */
async function change(storeDirectory: string, step: Change): Promise<void> {
  const folder = modelFolder(storeDirectory);
  const path = modelIndexPath(storeDirectory);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await new StoreLock(join(folder, LOCK_FILE), LOCK_WAIT_MS).holding(async (stillMine) => {
      const before = await readModelIndex(storeDirectory);
      const after = await step(before);
      if (after === before) return;
      await removeTemporaries(path);
      await replaceFile(path, modelIndexText(after), { beforeRename: stillMine });
    });
  } catch (cause) {
    if (cause instanceof VoicePrintsError) throw cause;
    const message = 'the list of added models cannot be written; check the permissions and room of the store folder';
    throw new VoicePrintsError('FILE_UNWRITABLE', message, { cause });
  }
}

function entryOf(index: ModelIndex, id: string): AddedModel {
  const entry = index.models.find((one) => one.id === id || fullIdOf(one) === id);
  if (entry) return entry;
  throw new VoicePrintsError('MODEL_NOT_FOUND', `no model ${id.slice(0, 80)} was added to this store; see models list`);
}

async function isBuiltIn(id: string): Promise<boolean> {
  return (await ModelStore.open()).has(id);
}

/** A file's name as an id: `Wespeaker ResNet34.onnx` is `wespeaker-resnet34`. */
function idOfSource(source: ModelSource): string {
  const name = basename(nameOfSource(source)).replace(/\.(onnx|zip|tar|tgz|tbz2?|tar\.(gz|bz2))$/i, '');
  const plain = name.toLowerCase().replace(/[^a-z0-9._-]+/g, '-');
  const id = plain.replace(/^[^a-z0-9]+/, '').slice(0, 64);
  if (id !== '') return id;
  throw new VoicePrintsError('INPUT_INVALID', 'the name of the file does not give a valid id; give one');
}

/** What the index remembers: a file's name, or a URL without credentials and query, which may hold secrets. */
function nameOfSource(source: ModelSource): string {
  if (source.kind === 'file') return basename(source.path);
  const url = URL.canParse(source.url) ? new URL(source.url) : undefined;
  return url ? `${url.origin}${url.pathname}` : '';
}

function assertId(id: string): void {
  if (isModelId(id)) return;
  const message = 'the id of a model has 1 to 64 lower-case letters, digits, ".", "_" and "-"; choose another id';
  throw new VoicePrintsError('INPUT_INVALID', message);
}

function assertChecksum(sha256: string | undefined): void {
  if (sha256 === undefined || /^[0-9a-f]{64}$/i.test(sha256)) return;
  throw new VoicePrintsError('INPUT_INVALID', 'the checksum is not 64 hexadecimal digits; give a SHA-256');
}

function assertSame({ sha256, archiveSha256 }: ReceivedModel, expected: string | undefined): void {
  if (expected === undefined || [sha256, archiveSha256].includes(expected.toLowerCase())) return;
  const message = `the file is another one: its SHA-256 is ${sha256}; check the checksum and where the file comes from`;
  throw new VoicePrintsError('MODEL_INVALID', message, { details: { sha256 } });
}

const taken = (id: string): VoicePrintsError =>
  new VoicePrintsError('INPUT_INVALID', `there is another model ${id}; choose another id, or remove that one first`);

const alreadyThere = (id: string): VoicePrintsError =>
  new VoicePrintsError('INPUT_INVALID', `this file is in the store already, as ${id}; use it by that id`);
