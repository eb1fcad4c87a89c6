import { createHash, randomBytes } from 'node:crypto';
import { VoicePrintsError } from '../../core/errors.js';
import { sealStream, unsealStream } from '../../sealing/sealedBytes.js';
import type { SealingKey } from '../../sealing/sealing.js';
import type { BucketPlace } from '../audioPlace.js';
import type { AudioStore, StoredAudio } from '../audioStore.js';
import { Bucket } from './bucket.js';

const SEALED = '.sealed';
/** What is ours below the prefix. */
const AUDIO_ID = /^[0-9a-f]{32}(\.sealed)?$/;
/** Parts of an upload: at least 5 MiB each, but for the last, and 10,000 at most. Memory for one recording being received. */
const PART_BYTES = 8 * 2 ** 20;

/** Recordings as objects of an S3-compatible store, encrypted if there is a key. */
export class S3AudioStore implements AudioStore {
  readonly #bucket: Bucket;
  readonly #key: SealingKey | undefined;

  private constructor(bucket: Bucket, key: SealingKey | undefined) {
    this.#bucket = bucket;
    this.#key = key;
  }

  /** Throws REGISTRY_UNAVAILABLE where the bucket cannot be used. */
  static async open(place: BucketPlace, key: SealingKey | undefined): Promise<S3AudioStore> {
    const bucket = new Bucket(place);
    await bucket.assertUsable();
    return new S3AudioStore(bucket, key);
  }

  async put(audio: AsyncIterable<Uint8Array>, maxBytes: number): Promise<StoredAudio> {
    const audioId = `${randomBytes(16).toString('hex')}${this.#key ? SEALED : ''}`;
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
    await this.#upload(audioId, this.#key ? sealStream(measured(), this.#key, audioId) : measured());
    return { audioId, bytes, sha256: hash.digest('hex') };
  }

  read(audioId: string): AsyncIterable<Uint8Array> {
    const bytes = this.#bytesOf(audioId);
    if (!audioId.endsWith(SEALED)) return bytes;
    if (this.#key === undefined) {
      throw new VoicePrintsError('REGISTRY_KEY_MISSING', 'the stored audio is encrypted; give its key');
    }
    return unsealStream(bytes, this.#key, audioId);
  }

  delete(audioId: string): Promise<void> {
    return this.#bucket.delete(audioId);
  }

  async retain(audioIds: ReadonlySet<string>, olderThanMs: number): Promise<void> {
    for await (const { name, modifiedMs, nowMs } of this.#bucket.list()) {
      const isOrphan = AUDIO_ID.test(name) && !audioIds.has(name) && modifiedMs <= nowMs - olderThanMs;
      if (isOrphan) await this.#bucket.delete(name);
    }
  }

  async *#bytesOf(audioId: string): AsyncGenerator<Uint8Array> {
    const bytes = await this.#bucket.get(audioId);
    if (bytes) return yield* bytes;
    throw new VoicePrintsError('FILE_NOT_FOUND', 'the audio of the job no longer exists; send the job again');
  }

  /** In parts, unless one is enough. Nothing is visible before all of it is there. */
  async #upload(name: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    let uploadId: string | undefined;
    const tags: string[] = [];
    try {
      for await (const { bytes, isLast } of parts(pieces)) {
        if (isLast && uploadId === undefined) return await this.#bucket.put(name, bytes);
        uploadId ??= await this.#bucket.startUpload(name);
        tags.push(await this.#bucket.putPart(name, uploadId, tags.length + 1, bytes));
      }
      await this.#bucket.endUpload(name, uploadId!, tags);
    } catch (error) {
      if (uploadId !== undefined) await this.#bucket.abortUpload(name, uploadId);
      throw error;
    }
  }
}

interface Part {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly isLast: boolean;
}

/** Re-cuts a stream into parts of `PART_BYTES`, in one buffer that is used again; the last is shorter, or empty. */
async function* parts(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Part> {
  const buffer = new Uint8Array(PART_BYTES);
  let length = 0;
  for await (const piece of pieces) {
    for (let rest = piece; rest.length > 0; ) {
      // Emitted once a byte of the next has arrived: only the end of the stream shows which one is the last.
      if (length === PART_BYTES) {
        yield { bytes: buffer, isLast: false };
        length = 0;
      }
      const taken = rest.subarray(0, PART_BYTES - length);
      buffer.set(taken, length);
      length += taken.length;
      rest = rest.subarray(taken.length);
    }
  }
  yield { bytes: buffer.subarray(0, length), isLast: true };
}

const tooLarge = (maxBytes: number) =>
  new VoicePrintsError('AUDIO_TOO_LARGE', `the audio is larger than ${maxBytes} bytes; send less`);
