import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VoicePrintsError } from '../core/errors.js';
import { moveFile } from '../files/atomicFile.js';
import { sealStream, unsealStream } from '../sealing/sealedBytes.js';
import type { SealingKey } from '../sealing/sealing.js';
import type { AudioStore, StoredAudio } from './audioStore.js';

const SEALED = '.sealed';
/** Ids of audio that is not sealed. */
const PLAIN = /^[0-9a-f]{32}$/;

/** Recordings as files of one folder, readable by their owner only, encrypted if there is a key. */
export class FileAudioStore implements AudioStore {
  readonly #folder: string;
  readonly #key: SealingKey | undefined;

  private constructor(folder: string, key: SealingKey | undefined) {
    this.#folder = folder;
    this.#key = key;
  }

  static async open(folder: string, key: SealingKey | undefined): Promise<FileAudioStore> {
    await guarded(() => mkdir(folder, { recursive: true, mode: 0o700 }));
    const store = new FileAudioStore(folder, key);
    await store.#sealPlain();
    return store;
  }

  async put(audio: AsyncIterable<Uint8Array>, maxBytes: number): Promise<StoredAudio> {
    const audioId = `${randomBytes(16).toString('hex')}${this.#key ? SEALED : ''}`;
    const path = join(this.#folder, audioId);
    const hash = createHash('sha256');
    let bytes = 0;
    const measured = async function* () {
      for await (const piece of audio) {
        bytes += piece.length;
        if (bytes > maxBytes) throw tooLarge(maxBytes);
        hash.update(piece);
        yield piece;
      }
    };
    const stored = this.#key ? sealStream(measured(), this.#key, audioId) : measured();
    await writeWhole(path, stored);
    return { audioId, bytes, sha256: hash.digest('hex') };
  }

  read(audioId: string): AsyncIterable<Uint8Array> {
    const name = this.#nameOf(audioId);
    const stream = createReadStream(join(this.#folder, name), { highWaterMark: 65_536 });
    const bytes = readable(stream);
    if (!name.endsWith(SEALED)) return bytes;
    if (this.#key === undefined) {
      throw new VoicePrintsError('REGISTRY_KEY_MISSING', 'the stored audio is encrypted; give its key');
    }
    return unsealStream(bytes, this.#key, name);
  }

  async delete(audioId: string): Promise<void> {
    await guarded(() => rm(join(this.#folder, this.#nameOf(audioId)), { force: true }));
  }

  async retain(audioIds: ReadonlySet<string>, olderThanMs: number): Promise<void> {
    const names = await guarded(() => readdir(this.#folder));
    const kept = new Set([...audioIds].map((audioId) => this.#nameOf(audioId)));
    const beforeMs = Date.now() - olderThanMs;
    for (const name of names.filter((one) => !kept.has(one))) {
      const path = join(this.#folder, name);
      if (olderThanMs === 0 || (await modifiedMs(path)) <= beforeMs) await guarded(() => rm(path, { force: true }));
    }
  }

  /** File name of a recording. Audio stored before there was a key was sealed when the key was added, and kept its id. */
  #nameOf(audioId: string): string {
    if (audioId.endsWith(SEALED) || !existsSync(join(this.#folder, audioId + SEALED))) return audioId;
    return audioId + SEALED;
  }

  /** Seals recordings stored before there was a key. */
  async #sealPlain(): Promise<void> {
    const key = this.#key;
    if (key === undefined) return;
    const names = await guarded(() => readdir(this.#folder));
    for (const name of names.filter((one) => PLAIN.test(one))) {
      const path = join(this.#folder, name);
      const plain = readable(createReadStream(path, { highWaterMark: 65_536 }));
      try {
        await writeWhole(path + SEALED, sealStream(plain, key, name + SEALED));
      } catch (error) {
        // Sealed by another process meanwhile, or erased with its job.
        if (error instanceof VoicePrintsError && error.code === 'FILE_NOT_FOUND') continue;
        throw error;
      }
      await guarded(() => rm(path, { force: true }));
    }
  }
}

/** Writes a file as a whole or not at all. Throws REGISTRY_UNAVAILABLE, and the errors of the stream. */
async function writeWhole(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const part = `${path}.${randomBytes(6).toString('hex')}.part`;
  const file = await guarded(() => open(part, 'w', 0o600));
  try {
    try {
      for await (const piece of pieces) await guarded(() => writeAll(file, piece));
      await guarded(() => file.sync());
    } finally {
      await file.close();
    }
    await guarded(() => moveFile(part, path));
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** `Infinity` for a file that is gone. */
const modifiedMs = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Number.POSITIVE_INFINITY,
  );

async function writeAll(file: FileHandle, piece: Uint8Array): Promise<void> {
  for (let done = 0; done < piece.length; ) {
    done += (await file.write(piece, done, piece.length - done)).bytesWritten;
  }
}

async function* readable(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new VoicePrintsError(
        'FILE_NOT_FOUND',
        'the audio of the job is not in the folder of this process; share that between all, and send the job again',
        {
          cause,
        },
      );
    }
    throw unavailable(cause);
  }
}

/** Converts failures of the file system to a VoicePrintsError. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw unavailable(cause);
  }
}

const unavailable = (cause: unknown) =>
  new VoicePrintsError(
    'REGISTRY_UNAVAILABLE',
    'audio cannot be stored for a job; check that the folder of the jobs exists, is yours and has room',
    { cause },
  );

const tooLarge = (maxBytes: number) =>
  new VoicePrintsError('AUDIO_TOO_LARGE', `the audio is larger than ${maxBytes} bytes; send less`);
