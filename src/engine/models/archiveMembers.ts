import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { VoicePrintsError } from '../../core/errors.js';

/** Archives of models have a handful of files. */
const MAX_MEMBERS = 1_000;
const TAR_MARK = { at: 257, text: 'ustar' };

export type ArchiveKind = 'zip' | 'tar' | 'tar.gz' | 'tar.bz2';

/** Sees the files of an archive in their order; the content of one that `wants` accepts goes to `take`. */
export interface ArchiveVisitor {
  wants(name: string): boolean;
  take(content: AsyncIterable<Uint8Array>): Promise<void>;
  /** A whole tar archive must not unpack to more. */
  readonly maxBytes: number;
}

/** By its first bytes; names mean nothing. Undefined for a file that is no archive. */
export async function archiveKindOf(path: string): Promise<ArchiveKind | undefined> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(512);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const starts = (...bytes: number[]) => bytesRead > bytes.length && bytes.every((byte, i) => head[i] === byte);
    if (starts(0x50, 0x4b, 0x03, 0x04)) return 'zip';
    if (starts(0x1f, 0x8b, 0x08)) return 'tar.gz';
    if (starts(0x42, 0x5a, 0x68) && head.toString('latin1', 4, 10) === '1AY&SY') return 'tar.bz2';
    const mark = head.toString('latin1', TAR_MARK.at, TAR_MARK.at + TAR_MARK.text.length);
    return mark === TAR_MARK.text ? 'tar' : undefined;
  } finally {
    await file.close();
  }
}

/** Reads an archive from its start to its end. Throws MODEL_INVALID for too many files and too many bytes, else what the readers throw. */
export const visitArchive = (path: string, kind: ArchiveKind, visitor: ArchiveVisitor): Promise<void> =>
  kind === 'zip' ? visitZip(path, visitor) : visitTar(path, kind, visitor);

async function visitZip(path: string, { wants, take }: ArchiveVisitor): Promise<void> {
  const { openPromise } = await import('yauzl'); // needed only here
  const archive = await openPromise(path, { autoClose: false });
  try {
    if (archive.entryCount > MAX_MEMBERS) throw tooMany();
    for await (const entry of archive.eachEntry()) {
      if (wants(entry.fileName)) await take(await archive.openReadStreamPromise(entry));
    }
  } finally {
    archive.close();
  }
}

async function visitTar(path: string, kind: ArchiveKind, { wants, take, maxBytes }: ArchiveVisitor): Promise<void> {
  const { extract } = await import('tar-stream'); // needed only here
  const entries = extract();
  const streams = [createReadStream(path), ...(await unpackersOf(kind)), limiter(maxBytes), entries];
  const reading = pipeline(streams as NodeJS.ReadWriteStream[]);
  reading.catch(() => undefined); // it destroys the entries with its error, which their reader throws
  let members = 0;
  for await (const entry of entries) {
    members += 1;
    if (members > MAX_MEMBERS) throw tooMany();
    const { name, type } = entry.header;
    if (type === 'file' && wants(name)) await take(entry as AsyncIterable<Uint8Array>);
    else entry.resume();
  }
  await reading;
}

async function unpackersOf(kind: ArchiveKind): Promise<unknown[]> {
  if (kind === 'tar.gz') return [createGunzip()];
  if (kind !== 'tar.bz2') return [];
  const { default: unbzip2 } = await import('unbzip2-stream'); // needed only here
  return [unbzip2()];
}

/** Ends what a few bytes could unpack to. */
function limiter(maxBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(piece: Buffer, _, done) {
      bytes += piece.length;
      if (bytes > maxBytes) done(unpacksTooMuch());
      else done(null, piece);
    },
  });
}

const tooMany = (): VoicePrintsError =>
  unusableArchive(`has more than ${MAX_MEMBERS} files in it`, 'give the ONNX file in it');

export const unpacksTooMuch = (): VoicePrintsError =>
  unusableArchive('unpacks to more than a model has', 'use a speaker embedding model, which is smaller');

export const unusableArchive = (problem: string, remedy: string, cause?: unknown): VoicePrintsError =>
  new VoicePrintsError('MODEL_INVALID', `the archive ${problem}; ${remedy}`, { cause });
