import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { VoicePrintsError } from '../core/errors.js';
import { inputProblems } from '../core/inputProblems.js';
import { describeModel } from './describeModel.js';
import { describeSegmentation, isSegmentation } from './describeSegmentation.js';
import {
  type AddedModel,
  EMPTY_INDEX,
  type ModelIndex,
  modelFolder,
  NO_SEGMENTATION,
  readModelIndex,
} from './modelIndex.js';
import { type ManifestEntry, type ModelManifest, modelManifest, type SegmentationEntry } from './modelManifest.js';
import { MAX_ONNX_BYTES, readOnnxMetadata } from './onnxMetadata.js';
import type { SegmentationModel } from './segmentationModel.js';
import type { SpeakerModel } from './speakerModel.js';

const require = createRequire(import.meta.url);

interface Contents {
  /** Folder of the built-in models. */
  readonly directory: string;
  readonly manifest: ModelManifest;
  /** Folder of the added ones. */
  readonly addedDirectory: string;
  readonly index: ModelIndex;
}

/** Available models: those in the package and those added to a store by id, any other by path. */
export class ModelStore {
  readonly #contents: Contents;

  private constructor(contents: Contents) {
    this.#contents = contents;
  }

  /** The models of a package folder, by default our own, from their manifest. Throws MODEL_INVALID. */
  static async open(manifestPath: string = packageManifest()): Promise<ModelStore> {
    const manifest = await readManifest(manifestPath);
    const directory = dirname(manifestPath);
    return new ModelStore({ directory, manifest, addedDirectory: directory, index: EMPTY_INDEX });
  }

  /**
   * The models in the package and those added to the store in this folder, as of now; the folder need not exist. Throws MODEL_INVALID, REGISTRY_VERSION_NEWER, FILE_UNREADABLE.
   */
  static async openFor(storeDirectory: string, manifestPath: string = packageManifest()): Promise<ModelStore> {
    const manifest = await readManifest(manifestPath);
    const index = await readModelIndex(storeDirectory);
    return new ModelStore({
      directory: dirname(manifestPath),
      manifest,
      addedDirectory: modelFolder(storeDirectory),
      index,
    });
  }

  /** Id of the default model: the one chosen by `models use`, else the package's. */
  get defaultId(): string {
    return this.#contents.index.inUse ?? this.#contents.manifest.default;
  }

  /** Whether the package or the store has a model of this id. */
  has(id: string): boolean {
    const { manifest, index } = this.#contents;
    return [...manifest.models, ...index.models].some((one) => one.id === id) || this.#isBuiltInSegmentation(id);
  }

  /** Whether this is the id of the segmentation model in the package, or of one that it replaces. */
  #isBuiltInSegmentation(id: string): boolean {
    const { segmentation } = this.#contents.manifest;
    return segmentation !== undefined && [segmentation.id, ...segmentation.replaces].includes(id);
  }

  /** Every speaker model in the package, in the manifest's order, then every added one; each checked as by `resolve`. */
  async list(): Promise<readonly SpeakerModel[]> {
    const { manifest, index } = this.#contents;
    return Promise.all([
      ...manifest.models.map((entry) => this.#builtIn(entry)),
      ...index.models.filter(({ kind }) => kind === 'speaker').map((entry) => this.#added(entry)),
    ]);
  }

  /** The segmentation model in the package, then every added one; each checked as by `resolveSegmentation`. */
  async listSegmentation(): Promise<readonly SegmentationModel[]> {
    const { segmentation } = this.#contents.manifest;
    return Promise.all([
      ...(segmentation ? [this.#builtInSegmentation(segmentation)] : []),
      ...this.#segmentation().map((entry) => this.#addedSegmentation(entry)),
    ]);
  }

  /**
   * Id of the default segmentation model: the one chosen, else the one added last, else that of the
   * package; undefined for none.
   */
  get segmentationId(): string | undefined {
    const { manifest, index } = this.#contents;
    if (index.segmentation === NO_SEGMENTATION) return undefined;
    const chosen = index.segmentation ?? this.#segmentation().at(-1)?.id ?? manifest.segmentation?.id;
    return chosen !== undefined && this.#isBuiltInSegmentation(chosen) ? manifest.segmentation?.id : chosen;
  }

  /**
   * A segmentation model by id or path, or the one in use for undefined; undefined where there is none, and for `off`.
   * Reads the whole file and checks it. Throws MODEL_NOT_FOUND, MODEL_INVALID, FILE_UNREADABLE.
   */
  async resolveSegmentation(
    idOrPath: string | undefined = this.segmentationId,
  ): Promise<SegmentationModel | undefined> {
    if (idOrPath === undefined || idOrPath === NO_SEGMENTATION) return undefined;
    const added = this.#segmentation().find((one) => one.id === idOrPath || fullIdOf(one) === idOrPath);
    if (added) return this.#addedSegmentation(added);
    const { segmentation } = this.#contents.manifest;
    if (segmentation && this.#isBuiltInSegmentation(idOrPath)) return this.#builtInSegmentation(segmentation);
    if (this.has(idOrPath)) {
      throw new VoicePrintsError('MODEL_INVALID', `model ${idOrPath} is a speaker model; give a segmentation model`);
    }
    if (!isPath(idOrPath)) {
      const entries = [...(segmentation ? [segmentation] : []), ...this.#segmentation()];
      const ids = [...entries.map(({ id }) => id), NO_SEGMENTATION].join(', ');
      const message = `there is no such segmentation model; use ${ids} or the path of an .onnx file`;
      throw new VoicePrintsError('MODEL_NOT_FOUND', message);
    }
    const path = resolve(idOrPath);
    return describeSegmentation(await readModelFile(path), { path, name: nameOfFile(path), isBuiltIn: false });
  }

  /** A model of either kind, by id or path. Throws as `resolve`. */
  async resolveEither(idOrPath: string): Promise<SpeakerModel | SegmentationModel> {
    const isOwn =
      this.#isBuiltInSegmentation(idOrPath) ||
      this.#segmentation().some((one) => one.id === idOrPath || fullIdOf(one) === idOrPath);
    const isKnown = isOwn || this.has(idOrPath) || !isPath(idOrPath);
    const isOfSegmentation = isOwn || (!isKnown && isSegmentation(readOnnxMetadata(await readModelFile(idOrPath))));
    return (isOfSegmentation ? await this.resolveSegmentation(idOrPath) : undefined) ?? this.resolve(idOrPath);
  }

  #segmentation(): readonly AddedModel[] {
    return this.#contents.index.models.filter(({ kind }) => kind === 'segmentation');
  }

  /**
   * A model by id, or by the path of an ONNX file; the one in use for undefined. An added model can be addressed by its short
   * id and by the id in its embeddings. Reads the whole file and checks it.
   * Throws MODEL_NOT_FOUND, MODEL_INVALID, FILE_UNREADABLE.
   */
  async resolve(idOrPath: string = this.defaultId): Promise<SpeakerModel> {
    const { manifest, index } = this.#contents;
    const entry = manifest.models.find(({ id }) => id === idOrPath);
    if (entry) return this.#builtIn(entry);
    const added = index.models.find((one) => one.id === idOrPath || fullIdOf(one) === idOrPath);
    if (added) return this.#added(added);
    if (this.#isBuiltInSegmentation(idOrPath)) {
      throw new VoicePrintsError('MODEL_INVALID', `model ${idOrPath} is a segmentation model; give a speaker model`);
    }
    if (!isPath(idOrPath)) {
      const speakerModels = index.models.filter(({ kind }) => kind === 'speaker');
      const ids = [...manifest.models, ...speakerModels].map(({ id }) => id).join(', ');
      throw new VoicePrintsError('MODEL_NOT_FOUND', `there is no such model; use ${ids} or the path of an .onnx file`);
    }
    const path = resolve(idOrPath);
    return describeModel(await readModelFile(path), { path, name: nameOfFile(path), isBuiltIn: false });
  }

  async #builtIn(entry: ManifestEntry): Promise<SpeakerModel> {
    const path = join(this.#contents.directory, entry.file);
    return asShipped(describeModel(await readModelFile(path), { path, name: entry.id, isBuiltIn: true, entry }), entry);
  }

  async #builtInSegmentation(entry: SegmentationEntry): Promise<SegmentationModel> {
    const path = join(this.#contents.directory, entry.file);
    const bytes = await readModelFile(path);
    return asShipped(describeSegmentation(bytes, { path, name: entry.id, isBuiltIn: true, entry }), entry);
  }

  async #added(entry: AddedModel): Promise<SpeakerModel> {
    const { path, bytes } = await this.#addedFile(entry);
    const model = describeModel(bytes, { path, name: entry.id, isBuiltIn: false, storedAs: entry.id });
    return unchanged(model, entry);
  }

  async #addedSegmentation(entry: AddedModel): Promise<SegmentationModel> {
    const { path, bytes } = await this.#addedFile(entry);
    const model = describeSegmentation(bytes, { path, name: entry.id, isBuiltIn: false, storedAs: entry.id });
    return unchanged(model, entry);
  }

  async #addedFile({ id, file }: AddedModel): Promise<{ path: string; bytes: Buffer }> {
    const path = join(this.#contents.addedDirectory, file);
    const bytes = await readModelFile(path).catch((cause: VoicePrintsError) => {
      if (cause.code !== 'MODEL_NOT_FOUND') throw cause;
      throw new VoicePrintsError('MODEL_INVALID', `the file of model ${id} is missing; ${renew(id)}`, { cause });
    });
    return { path, bytes };
  }
}

function asShipped<M extends { readonly sha256: string }>(model: M, { id, sha256 }: SegmentationEntry): M {
  if (model.sha256 === sha256) return model;
  const problem = `the file of model ${id} is damaged (its SHA-256 is not the manifest's); reinstall the package`;
  throw new VoicePrintsError('MODEL_INVALID', problem);
}

function unchanged<M extends { readonly sha256: string }>(model: M, { id, sha256 }: AddedModel): M {
  if (model.sha256 === sha256) return model;
  throw new VoicePrintsError('MODEL_INVALID', `the file of model ${id} was changed since it was added; ${renew(id)}`);
}

/** An id has no slash, and no file extension. */
const isPath = (idOrPath: string): boolean => isAbsolute(idOrPath) || /[\\/]|\.onnx$/i.test(idOrPath);

const nameOfFile = (path: string): string => basename(path).replace(/\.onnx$/i, '');

/** The model id in the embeddings of an added model; see describeModel. */
export const fullIdOf = ({ id, sha256 }: Pick<AddedModel, 'id' | 'sha256'>): string => `${id}@${sha256.slice(0, 12)}`;

const renew = (id: string): string => `use another model, remove ${id} and add it again`;

const packageManifest = (): string => require.resolve('#models/manifest.json');

async function readManifest(path: string): Promise<ModelManifest> {
  let raw: unknown;
  try {
    raw = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const message = 'the list of models cannot be read; reinstall the package';
    throw new VoicePrintsError('MODEL_INVALID', message, { cause });
  }
  const parsed = modelManifest.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new VoicePrintsError(
    'MODEL_INVALID',
    `the list of models is wrong: ${inputProblems(parsed.error)}; reinstall the package`,
  );
}

async function readModelFile(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > MAX_ONNX_BYTES) throw new VoicePrintsError('MODEL_INVALID', 'the model file is larger than 2 GB');
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof VoicePrintsError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new VoicePrintsError('MODEL_NOT_FOUND', 'there is no model file at this path; check the path', { cause });
    }
    throw new VoicePrintsError('FILE_UNREADABLE', 'the model file cannot be read; check its permissions', { cause });
  }
}
