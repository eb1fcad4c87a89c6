import { createHash, randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { VoicePrintsError } from '../../core/errors.js';
import { type ArchiveVisitor, archiveKindOf, unpacksTooMuch, unusableArchive, visitArchive } from './archiveMembers.js';
import { MAX_MODEL_BYTES, type ReceivedModel } from './receiveModel.js';

/** Where an archive has several models, this one is meant. */
const USUAL_NAME = 'model.onnx';
const SHOWN_NAMES = 8;

export interface ArchiveOptions {
  /** Its name in the archive; by default the only `.onnx` file, else the one called `model.onnx`. */
  readonly member?: string | undefined;
  /** Of the model; a whole tar archive may have twice as much. */
  readonly maxBytes?: number;
  readonly signal: AbortSignal;
}

/**
 * The ONNX file of an archive (zip; tar as it is, or packed by gzip or bzip2), as a temporary file of `folder`; undefined where the
 * file is no archive. Only that one file is unpacked, under a name of our own, so that no path in the archive means anything.
 *
 * @throws VoicePrintsError MODEL_INVALID for a damaged archive, one without a model or with several, and one that unpacks to
 *   more than a model can have; ABORTED
 */
export async function modelInArchive(
  archivePath: string,
  folder: string,
  { member, maxBytes = MAX_MODEL_BYTES, signal }: ArchiveOptions,
): Promise<ReceivedModel | undefined> {
  const kind = await archiveKindOf(archivePath);
  if (!kind) return undefined;
  const visit = async (visitor: Omit<ArchiveVisitor, 'maxBytes'>) => {
    try {
      await visitArchive(archivePath, kind, { ...visitor, maxBytes: 2 * maxBytes });
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof VoicePrintsError) throw cause;
      throw unusableArchive('is damaged or cannot be opened', 'fetch it again, or give the ONNX file in it', cause);
    }
  };
  const names: string[] = [];
  const note = (name: string) => {
    signal.throwIfAborted();
    if (isModelName(name)) names.push(name);
    return false;
  };
  await visit({ wants: note, take: async () => undefined });
  const chosen = chosenOf(names, member);
  return unpacked(folder, (take) => visit({ wants: (name) => name === chosen, take }), { maxBytes, signal });
}

/** Writes what `visit` hands over to a temporary file; what fails leaves nothing behind. */
async function unpacked(
  folder: string,
  visit: (take: ArchiveVisitor['take']) => Promise<void>,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<ReceivedModel> {
  const path = join(folder, `.add-${randomBytes(8).toString('hex')}.part`);
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o600);
  let received = 0;
  try {
    await visit(async (content) => {
      for await (const piece of content) {
        signal.throwIfAborted();
        received += piece.length;
        if (received > maxBytes) throw unpacksTooMuch();
        hash.update(piece);
        await file.write(piece);
      }
    });
    await file.sync();
    return { path, sha256: hash.digest('hex') };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Models, without the shadow files of macOS. */
const isModelName = (name: string): boolean => /(^|\/)[^/.][^/]*\.onnx$/i.test(name) && !name.startsWith('__MACOSX/');

function chosenOf(names: readonly string[], member: string | undefined): string {
  if (names.length === 0) throw unusableArchive('has no .onnx file in it', 'give that of a model exported to ONNX');
  const called = (wanted: string) => names.filter((name) => name === wanted || basename(name) === wanted);
  if (member !== undefined) {
    const [found] = called(member);
    if (found !== undefined) return found;
    throw unusableArchive(`has no such file, but ${shown(names)}`, 'give one of these names');
  }
  const [usual, another] = names.length === 1 ? names : called(USUAL_NAME);
  if (usual !== undefined && another === undefined) return usual;
  throw unusableArchive(`has several models: ${shown(names)}`, 'say which with --member');
}

/** Names in an archive are text of others: few, short, and without control characters. */
const shown = (names: readonly string[]): string =>
  names
    .slice(0, SHOWN_NAMES)
    .map((name) => name.replaceAll(/[^\p{L}\p{N} ._/+-]/gu, '?').slice(0, 80))
    .join(', ') + (names.length > SHOWN_NAMES ? ' …' : '');
