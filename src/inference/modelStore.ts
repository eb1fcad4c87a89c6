import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { VoicePrintsError } from '../core/errors.js';
import { frontEndOf } from './frontEnd.js';
import { type ManifestEntry, type ModelManifest, modelManifest } from './modelManifest.js';
import { MAX_ONNX_BYTES, readOnnxMetadata } from './onnxMetadata.js';
import type { SpeakerModel } from './speakerModel.js';

const require = createRequire(import.meta.url);

/** The speaker models that can be used: those in the package by id, any other by the path of its file. */
export class ModelStore {
  readonly #directory: string;
  readonly #manifest: ModelManifest;

  private constructor(directory: string, manifest: ModelManifest) {
    this.#directory = directory;
    this.#manifest = manifest;
  }

  /** Reads the manifest beside the models: by default the package's own. Throws MODEL_INVALID. */
  static async open(manifestPath: string = require.resolve('#models/manifest.json')): Promise<ModelStore> {
    let raw: unknown;
    try {
      raw = JSON.parse(await readFile(manifestPath, 'utf8'));
    } catch (cause) {
      throw new VoicePrintsError('MODEL_INVALID', 'the list of models cannot be read; install the package anew', {
        cause,
      });
    }
    const parsed = modelManifest.safeParse(raw);
    if (parsed.success) return new ModelStore(dirname(manifestPath), parsed.data);
    throw new VoicePrintsError('MODEL_INVALID', `the list of models is wrong: ${z.prettifyError(parsed.error)}`);
  }

  /** Id of the model that is used where none is named. */
  get defaultId(): string {
    return this.#manifest.default;
  }

  /** Every model in the package, in the manifest's order, each checked as by `resolve`. */
  async list(): Promise<readonly SpeakerModel[]> {
    return Promise.all(this.#manifest.models.map((entry) => this.#builtIn(entry)));
  }

  /**
   * A model by id, or by the path of an ONNX file; the default one for undefined. Reads the whole file and checks it.
   * Throws MODEL_NOT_FOUND, MODEL_INVALID, FILE_UNREADABLE.
   */
  async resolve(idOrPath: string = this.defaultId): Promise<SpeakerModel> {
    const entry = this.#manifest.models.find(({ id }) => id === idOrPath);
    if (entry) return this.#builtIn(entry);
    if (!isAbsolute(idOrPath) && !/[\\/]|\.onnx$/i.test(idOrPath)) {
      const ids = this.#manifest.models.map(({ id }) => id).join(', ');
      throw new VoicePrintsError('MODEL_NOT_FOUND', `there is no such model; use ${ids} or the path of an .onnx file`);
    }
    const path = resolve(idOrPath);
    const bytes = await readModelFile(path);
    return describe(bytes, { path, isBuiltIn: false });
  }

  async #builtIn(entry: ManifestEntry): Promise<SpeakerModel> {
    const path = join(this.#directory, entry.file);
    const model = describe(await readModelFile(path), { path, isBuiltIn: true, entry });
    if (model.sha256 === entry.sha256) return model;
    const problem = `the file of model ${entry.id} is damaged (its SHA-256 is not the manifest's); install the package anew`;
    throw new VoicePrintsError('MODEL_INVALID', problem);
  }
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

interface Origin {
  readonly path: string;
  readonly isBuiltIn: boolean;
  readonly entry?: ManifestEntry;
}

/** Everything a model says of itself, checked far enough that features can be made for it. Throws MODEL_INVALID. */
function describe(bytes: Buffer, { path, isBuiltIn, entry }: Origin): SpeakerModel {
  const metadata = readOnnxMetadata(bytes);
  const { properties, inputs, outputs } = metadata;
  if (inputs.length !== 1 || inputs[0]!.shape.length !== 3) {
    const problem = 'it does not take one input (windows, frames, mel bands)';
    throw new VoicePrintsError(
      'MODEL_INVALID',
      `the file is not a speaker model: ${problem}; use a speaker embedding model`,
    );
  }
  const dimensions = Number(properties.get('output_dim') ?? outputs[0]?.shape.at(-1));
  if (!Number.isInteger(dimensions) || dimensions < 1) {
    throw new VoicePrintsError(
      'MODEL_INVALID',
      'the model does not say its output_dim; use a model with sherpa-onnx metadata',
    );
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    // Two different files must never pass for one model, even under one name.
    id: entry?.id ?? `${basename(path).replace(/\.onnx$/i, '')}@${sha256.slice(0, 12)}`,
    path,
    dimensions,
    sampleRateHz: 16_000,
    framework: properties.get('framework') ?? '',
    language: properties.get('language') ?? '',
    licence: entry?.licence ?? 'as its publisher states',
    sha256,
    isBuiltIn,
    frontEnd: frontEndOf(metadata, entry?.frontEnd),
    calibration: entry?.calibration,
  };
}
