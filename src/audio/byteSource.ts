import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { VoicePrintsError } from '../core/errors.js';
import type { RecordingSource } from '../core/recording.js';
import { untilAborted } from '../stream/abortable.js';
import { empty, tooLarge } from './decoding/decodeErrors.js';

const CHUNK_BYTES = 65_536;
/** How far into a stream headers (pictures in tags!) may reach: bytes looked at are held until they are read. */
const LOOKAHEAD_BYTES = 16_777_216;
/** An Ogg page is at most 65,307 bytes; the end of a stream is kept for a look at the last one. */
const TAIL_BYTES = 65_536;

/** Bytes of one recording: looked at anywhere near the start, then read from there to the end. */
export interface ByteSource extends AsyncDisposable {
  /** Undefined for a stream. */
  readonly size: number | undefined;
  /** Of a regular file, so that a child can read and seek it without knowing its name. */
  readonly descriptor: number | undefined;
  /**
   * Another descriptor of that file, at position 0, which the caller closes. Only where it is needed: a child on Linux opens its
   * standard input anew, elsewhere it would begin where the last child ended.
   */
  readonly reopen?: (() => Promise<FileHandle>) | undefined;
  /** Whether `chunks` may be called more than once. */
  readonly isReplayable: boolean;
  /** Up to `length` bytes at `position`; fewer at the end, or beyond 16 MiB into a stream. Consumes nothing. */
  readAt(position: number, length: number): Promise<Uint8Array>;
  /** Everything from `position` on in pieces of at most 64 KiB. */
  chunks(position?: number): AsyncGenerator<Uint8Array>;
  /** The last 64 KiB at most; of a stream only after its end. */
  tail(): Promise<Uint8Array>;
}

/** Opens where a recording comes from. Throws FILE_NOT_FOUND, FILE_UNREADABLE, AUDIO_EMPTY, AUDIO_TOO_LARGE. */
export async function openByteSource(
  source: RecordingSource,
  maxBytes: number,
  signal: AbortSignal,
): Promise<ByteSource> {
  if (source.kind === 'file') return openFileSource(source.path, maxBytes);
  if (source.kind === 'stream') return new StreamSource(source.stream, maxBytes, signal);
  if (source.bytes.length === 0) throw empty();
  if (source.bytes.length > maxBytes) throw tooLarge(maxBytes);
  return new MemorySource(source.bytes);
}

async function openFileSource(path: string, maxBytes: number): Promise<ByteSource> {
  // Without O_NONBLOCK opening a named pipe would wait for a writer, perhaps for ever.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((thrown) => {
    throw fileError(thrown, path);
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw fileError({ code: stat.isDirectory() ? 'EISDIR' : undefined }, path);
    if (stat.size === 0) throw empty();
    if (stat.size > maxBytes) throw tooLarge(maxBytes);
    return new FileSource(handle, stat.size, { path });
  } catch (thrown) {
    await handle.close();
    throw thrown instanceof VoicePrintsError ? thrown : fileError(thrown, path);
  }
}

const DENIED = ['permission is denied', 'check who may read it'] as const;
const UNREADABLE: Readonly<Record<string, readonly [why: string, remedy: string]>> = {
  EACCES: DENIED,
  EPERM: DENIED,
  EISDIR: ['it is a folder', 'give the recordings in it'],
};

/** The path is the caller's own; it shows how a relative one was resolved. */
function fileError(thrown: unknown, path?: string): VoicePrintsError {
  const file = path === undefined ? 'the file' : resolve(path);
  const reason = (thrown as NodeJS.ErrnoException | undefined)?.code;
  if (reason === 'ENOENT' || reason === 'ENOTDIR') {
    return new VoicePrintsError('FILE_NOT_FOUND', `there is no file ${file}; check the path`);
  }
  const [why, remedy] = UNREADABLE[reason ?? ''] ?? ['it is not a file with a recording', 'check what it is'];
  return new VoicePrintsError('FILE_UNREADABLE', `${file} cannot be read: ${why}; ${remedy}`);
}

interface FileSourceOptions {
  readonly path: string;
  readonly afterClose?: () => Promise<void>;
}

/** A regular file, read piece by piece at given positions, so that its own position stays 0. Owns the handle. */
export class FileSource implements ByteSource {
  readonly size: number;
  readonly isReplayable = true;
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #afterClose: () => Promise<void>;
  #isClosed = false;

  constructor(handle: FileHandle, size: number, { path, afterClose = async () => {} }: FileSourceOptions) {
    this.#handle = handle;
    this.size = size;
    this.#path = path;
    this.#afterClose = afterClose;
  }

  get descriptor(): number {
    return this.#handle.fd;
  }

  get reopen(): (() => Promise<FileHandle>) | undefined {
    return process.platform === 'linux' ? undefined : () => open(this.#path, 'r');
  }

  async readAt(position: number, length: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(length, this.size - position));
    const bytes = Buffer.allocUnsafeSlow(wanted);
    let filled = 0;
    while (filled < wanted) {
      const { bytesRead } = await this.#handle
        .read(bytes, filled, wanted - filled, position + filled)
        .catch((thrown) => {
          throw fileError(thrown);
        });
      if (bytesRead === 0) break; // became shorter meanwhile
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  }

  async *chunks(position = 0): AsyncGenerator<Uint8Array> {
    for (let at = position; ; ) {
      const chunk = await this.readAt(at, CHUNK_BYTES);
      if (chunk.length === 0) return;
      yield chunk;
      at += chunk.length;
    }
  }

  tail(): Promise<Uint8Array> {
    return this.readAt(Math.max(0, this.size - TAIL_BYTES), TAIL_BYTES);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#handle.close();
    await this.#afterClose();
  }
}

/** Bytes already in memory; never copied. */
class MemorySource implements ByteSource {
  readonly size: number;
  readonly descriptor = undefined;
  readonly isReplayable = true;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  async readAt(position: number, length: number): Promise<Uint8Array> {
    return this.#bytes.subarray(position, position + length);
  }

  chunks(position = 0): AsyncGenerator<Uint8Array> {
    return sliced(this.#bytes.subarray(position));
  }

  async tail(): Promise<Uint8Array> {
    return this.#bytes.subarray(-TAIL_BYTES);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** A part of another source, which its owner disposes. */
class PartSource implements ByteSource {
  readonly size: number | undefined;
  readonly descriptor = undefined;
  readonly isReplayable: boolean;
  readonly #whole: ByteSource;
  readonly #start: number;

  constructor(whole: ByteSource, start: number, end: number | undefined) {
    // Parts of parts would read through one another, however many recordings are joined.
    this.#whole = whole instanceof PartSource ? whole.#whole : whole;
    this.#start = whole instanceof PartSource ? whole.#start + start : start;
    this.isReplayable = whole.isReplayable;
    const last = end ?? whole.size;
    this.size = last === undefined ? undefined : Math.max(0, last - start);
  }

  readAt(position: number, length: number): Promise<Uint8Array> {
    const wanted = this.size === undefined ? length : Math.max(0, Math.min(length, this.size - position));
    return this.#whole.readAt(this.#start + position, wanted);
  }

  async *chunks(position = 0): AsyncGenerator<Uint8Array> {
    let left = this.size === undefined ? Number.POSITIVE_INFINITY : this.size - position;
    if (left <= 0) return;
    for await (const chunk of this.#whole.chunks(this.#start + position)) {
      yield chunk.subarray(0, left);
      left -= chunk.length;
      if (left <= 0) return;
    }
  }

  async tail(): Promise<Uint8Array> {
    if (this.size === undefined) return this.#whole.tail();
    const length = Math.min(TAIL_BYTES, this.size);
    return this.readAt(this.size - length, length);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** The bytes from `start` to before `end` of a source, which the caller still has to dispose; of a stream only to its end. */
export const partOf = (source: ByteSource, start: number, end?: number): ByteSource =>
  new PartSource(source, start, end);

/** A stream of unknown length: what was looked at is held, the rest goes through. Read once. */
class StreamSource implements ByteSource {
  readonly size = undefined;
  readonly descriptor = undefined;
  readonly isReplayable = false;
  readonly #stream: AsyncIterable<Uint8Array>;
  readonly #items: AsyncGenerator<Uint8Array>;
  readonly #maxBytes: number;
  #head: Uint8Array = new Uint8Array(0);
  /** The latest chunks, 64 KiB of them or a little more. */
  readonly #latest: Uint8Array[] = [];
  #latestBytes = 0;
  #received = 0;

  constructor(stream: AsyncIterable<Uint8Array>, maxBytes: number, signal: AbortSignal) {
    this.#stream = stream;
    this.#items = untilAborted(stream, signal);
    this.#maxBytes = maxBytes;
  }

  async readAt(position: number, length: number): Promise<Uint8Array> {
    const end = position + length;
    if (end > LOOKAHEAD_BYTES) return new Uint8Array(0);
    const chunks = [this.#head];
    for (let held = this.#head.length; held < end; ) {
      const chunk = await this.#next();
      if (!chunk) break;
      held += chunk.length;
      chunks.push(chunk);
    }
    if (chunks.length > 1) this.#head = Buffer.concat(chunks);
    return this.#head.subarray(position, end);
  }

  async *chunks(position = 0): AsyncGenerator<Uint8Array> {
    let skip = position;
    const head = this.#head;
    this.#head = new Uint8Array(0);
    for (let chunk: Uint8Array | undefined = head; chunk; chunk = await this.#next()) {
      this.#remember(chunk);
      const skipped = Math.min(skip, chunk.length);
      skip -= skipped;
      if (skipped < chunk.length) yield* sliced(chunk.subarray(skipped));
    }
  }

  async tail(): Promise<Uint8Array> {
    return Buffer.concat(this.#latest).subarray(-TAIL_BYTES);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A hanging Readable would leave `return()` pending for ever.
    if (this.#stream instanceof Readable) this.#stream.destroy();
    await this.#items.return(undefined);
  }

  #remember(chunk: Uint8Array): void {
    this.#latest.push(chunk);
    this.#latestBytes += chunk.length;
    while (this.#latestBytes - this.#latest[0]!.length >= TAIL_BYTES) this.#latestBytes -= this.#latest.shift()!.length;
  }

  async #next(): Promise<Uint8Array | undefined> {
    const item = await this.#items.next().catch((thrown) => {
      throw thrown instanceof VoicePrintsError ? thrown : unreadableStream(thrown);
    });
    if (item.done) return undefined;
    if (!(item.value instanceof Uint8Array)) throw unreadableStream(undefined);
    this.#received += item.value.length;
    if (this.#received > this.#maxBytes) throw tooLarge(this.#maxBytes);
    return item.value;
  }
}

const unreadableStream = (cause: unknown): VoicePrintsError =>
  new VoicePrintsError('FILE_UNREADABLE', 'the stream of the recording ended too early; send it again', { cause });

/** Large arrays in pieces; the event loop gets its turn every 256 KiB. */
async function* sliced(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    if (at > 0 && at % (4 * CHUNK_BYTES) === 0) await nextTurn();
    yield bytes.subarray(at, at + CHUNK_BYTES);
  }
}
