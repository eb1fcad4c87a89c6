import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VoicePrintsError } from '../../core/errors.js';

/** Largest model that is taken in: the published ones have 5 to 120 MB. */
export const MAX_MODEL_BYTES = 512 * 2 ** 20;
const DOWNLOAD_TIMEOUT_MS = 3_600_000;
/** What a killed download left is litter after this time. */
const LITTER_MS = 24 * 3_600_000;
const PART = /^\.add-[0-9a-f]+\.part$/;

export type ModelSource =
  | { readonly kind: 'file'; readonly path: string }
  /** `allowHosts`: private hosts that are allowed. */
  | { readonly kind: 'url'; readonly url: string; readonly allowHosts: readonly string[] };

export interface ReceiveOptions {
  readonly signal: AbortSignal;
  readonly onBytes?: ((received: number) => void) | undefined;
}

export interface ReceivedModel {
  /** A temporary file of the folder; the caller renames or deletes it. */
  readonly path: string;
  readonly sha256: string;
  /** Checksum of the archive that it was taken from. */
  readonly archiveSha256?: string;
}

/**
 * Copies a model file into `folder` (made when missing) under a temporary name; what fails leaves nothing behind.
 * Throws FILE_NOT_FOUND, FILE_UNREADABLE, FILE_UNWRITABLE, MODEL_INVALID (too large), ABORTED, or what guardedFetch throws.
 */
export async function receiveModel(
  source: ModelSource,
  folder: string,
  { signal, onBytes }: ReceiveOptions,
): Promise<ReceivedModel> {
  const pieces = source.kind === 'file' ? await piecesOfFile(source.path) : await piecesOfUrl(source, signal);
  await prepare(folder);
  const path = join(folder, `.add-${randomBytes(8).toString('hex')}.part`);
  const hash = createHash('sha256');
  let received = 0;
  try {
    const file = await open(path, 'wx', 0o600).catch(unwritable);
    try {
      for await (const piece of pieces) {
        signal.throwIfAborted();
        received += piece.length;
        if (received > MAX_MODEL_BYTES) throw tooLarge();
        hash.update(piece);
        await file.write(piece).catch(unwritable);
        onBytes?.(received);
      }
      await file.sync().catch(unwritable);
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return { path, sha256: hash.digest('hex') };
}

async function piecesOfUrl(
  { url, allowHosts }: Extract<ModelSource, { kind: 'url' }>,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const { FETCH_DEFAULTS, guardedFetch } = await import('../../net/guardedFetch.js'); // needed only here
  const limits = { maxBytes: MAX_MODEL_BYTES, totalTimeoutMs: DOWNLOAD_TIMEOUT_MS };
  return guardedFetch(url, { ...FETCH_DEFAULTS, ...limits, allowHosts }, signal);
}

async function piecesOfFile(path: string): Promise<AsyncIterable<Uint8Array>> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw unreadable(cause);
    const message = 'there is no model file at this path; check it, or give a name of models list --catalogue';
    throw new VoicePrintsError('FILE_NOT_FOUND', message, { cause });
  });
  if (!found.isFile()) throw unreadable(undefined);
  if (found.size > MAX_MODEL_BYTES) throw tooLarge();
  return read(path);
}

async function* read(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>;
  } catch (cause) {
    throw unreadable(cause);
  }
}

/** Makes the folder, readable by its owner only, and clears away what killed downloads left. */
async function prepare(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(unwritable);
  const parts = (await readdir(folder).catch(unwritable)).filter((name) => PART.test(name));
  for (const name of parts) {
    const path = join(folder, name);
    const left = await stat(path).catch(() => undefined); // another process may have cleared it just now
    if (left && Date.now() - left.mtimeMs > LITTER_MS) await rm(path, { force: true });
  }
}

const tooLarge = (): VoicePrintsError =>
  new VoicePrintsError(
    'MODEL_INVALID',
    `the file is larger than ${MAX_MODEL_BYTES / 2 ** 20} MiB; use a speaker embedding model, which is smaller`,
    { details: { maxBytes: MAX_MODEL_BYTES } },
  );

const unreadable = (cause: unknown): VoicePrintsError =>
  new VoicePrintsError('FILE_UNREADABLE', 'the model cannot be read; check that it is a file, and its permissions', {
    cause,
  });

function unwritable(cause: unknown): never {
  const message = 'the model cannot be written into the store; check the permissions and room of its folder';
  throw new VoicePrintsError('FILE_UNWRITABLE', message, { cause });
}
