import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { VoicePrintsError } from '../core/errors.js';

const VERSION = 2;
const FOLDER = 'models';
const INDEX_FILE = 'index.json';

const addedModel = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  file: z.string().regex(/^[a-z0-9][a-z0-9._-]*\.onnx$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Origin: a file name, or a URL without query and credentials. */
  source: z.string(),
  addedAt: z.iso.datetime(),
  kind: z.enum(['speaker', 'segmentation']).default('speaker'),
});

/** Id that stands for no segmentation model. */
export const NO_SEGMENTATION = 'off';

/**
 * `<store>/models/index.json`: the models added by the user, the speaker model in use (null: the package's default) and the
 * segmentation model in use (null: not chosen, hence the one added last). Version 1 had speaker models only.
 */
const modelIndex = z.strictObject({
  version: z.union([z.literal(1), z.literal(VERSION)]).transform(() => VERSION),
  inUse: z.string().min(1).nullable(),
  segmentation: z.string().min(1).nullable().default(null),
  models: z.array(addedModel),
});

export type AddedModel = Readonly<z.output<typeof addedModel>>;
export type ModelIndex = Readonly<z.output<typeof modelIndex>>;

export const EMPTY_INDEX: ModelIndex = { version: VERSION, inUse: null, segmentation: null, models: [] };

/** Folder of the added models of a store. */
export const modelFolder = (storeDirectory: string): string => join(storeDirectory, FOLDER);

export const modelIndexPath = (storeDirectory: string): string => join(modelFolder(storeDirectory), INDEX_FILE);

/** The index of a store; empty where no model was added. Throws MODEL_INVALID, REGISTRY_VERSION_NEWER, FILE_UNREADABLE. */
export async function readModelIndex(storeDirectory: string): Promise<ModelIndex> {
  let text: string;
  try {
    text = await readFile(modelIndexPath(storeDirectory), 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return EMPTY_INDEX;
    const message = 'the list of added models cannot be read; check the permissions of the folder models in the store';
    throw new VoicePrintsError('FILE_UNREADABLE', message, { cause });
  }
  return parseIndex(text);
}

export const modelIndexText = (index: ModelIndex): string => `${JSON.stringify(index, null, 2)}\n`;

/** Whether `id` is a valid id of an added model. */
export const isModelId = (id: string): boolean =>
  addedModel.shape.id.safeParse(id).success && !/\.onnx$/.test(id) && id !== NO_SEGMENTATION;

function parseIndex(text: string): ModelIndex {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw damaged(cause);
  }
  const parsed = modelIndex.safeParse(raw);
  if (parsed.success) return parsed.data;
  const version = (raw as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version > VERSION) {
    const message = 'the list of added models was written by a newer release; update the package';
    throw new VoicePrintsError('REGISTRY_VERSION_NEWER', message);
  }
  throw damaged(parsed.error);
}

const damaged = (cause: unknown): VoicePrintsError =>
  new VoicePrintsError(
    'MODEL_INVALID',
    'the list of added models (models/index.json in the store) is damaged; delete it and add the models again',
    { cause },
  );
