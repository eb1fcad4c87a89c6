import { mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Adapter } from 'lowdb';
import { removeTemporaries, replaceFile, stageFile } from '../../files/atomicFile.js';
import { seal, unseal } from '../../sealing/sealing.js';
import type { SealingKeys } from '../sealingKeys.js';
import { parseSealedBody, parseStore, type StoredForm, sealedStoreText } from './storedForm.js';

/** Identifies one version of a file: every write creates a new file, so a change shows as another inode or time. */
type Fingerprint = string;
const ABSENT: Fingerprint = 'absent';

/**
 * lowdb adapter for one JSON file: atomic writes, and AES-256-GCM where a key is given. A plain file opened with a key is
 * encrypted by the next write. An unreadable file is reported and never overwritten.
 */
export class StoreFile<Body> implements Adapter<Body> {
  readonly path: string;
  readonly #form: StoredForm<Body>;
  readonly #keys: SealingKeys;
  #known: Fingerprint | undefined;
  #isPlain = false;
  /** Called just before a write becomes visible; throws where the lock was lost. */
  beforeRename: () => Promise<void> = async () => {};

  constructor(path: string, form: StoredForm<Body>, keys: SealingKeys) {
    this.path = path;
    this.#form = form;
    this.#keys = keys;
  }

  /** True where the file was not encrypted when last read. */
  get isPlain(): boolean {
    return this.#isPlain;
  }

  /** True where there is a key but the file was plain when last read: the next write encrypts it. */
  get isToBeSealed(): boolean {
    return this.#isPlain && this.#keys.isSealing;
  }

  /** False where there was no file when it was last read. */
  get isThere(): boolean {
    return this.#known !== ABSENT;
  }

  /** What identifies the version that was last read. */
  get fingerprint(): string | undefined {
    return this.#known;
  }

  /** Creates the folder, readable by its owner only. */
  async prepare(): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
  }

  /** The stored body, or null where the file is unchanged since this adapter last read or wrote it (lowdb then keeps its data). */
  async read(): Promise<Body | null> {
    const text = await this.#readChanged();
    if (text === undefined) return null;
    try {
      return text === '' && this.#known === ABSENT ? this.#form.empty() : await this.#bodyOf(text);
    } catch (error) {
      this.#known = undefined; // not loaded: the next read must try, and fail, again
      throw error;
    }
  }

  /** Call only while holding the store's lock. */
  async write(body: Body): Promise<void> {
    this.#known = undefined; // if a step below fails, the next read must read the file again
    const text = await this.#textOf(body);
    await removeTemporaries(this.path);
    await replaceFile(this.path, text, { beforeRename: this.beforeRename });
    this.#known = fingerprintOf(await stat(this.path, { bigint: true }));
    this.#isPlain = !this.#keys.isSealing;
  }

  /** Writes and syncs a temporary file beside `path`, to be renamed to this one; returns where. Call only while holding the store's lock. */
  async stage(body: Body, path: string): Promise<string> {
    return stageFile(path, await this.#textOf(body));
  }

  async #readChanged(): Promise<string | undefined> {
    const file = await openIfThere(this.path);
    if (!file) {
      const isNews = this.#known !== ABSENT;
      this.#known = ABSENT;
      return isNews ? '' : undefined;
    }
    try {
      const fingerprint = fingerprintOf(await file.stat({ bigint: true }));
      if (fingerprint === this.#known) return undefined;
      const text = await file.readFile('utf8'); // files are replaced, never modified: the content is complete
      this.#known = fingerprint;
      return text;
    } finally {
      await file.close();
    }
  }

  async #bodyOf(text: string): Promise<Body> {
    const content = parseStore(this.#form, text);
    this.#isPlain = content.kind === 'plain';
    if (content.kind === 'plain') return content.body;
    const key = await this.#keys.forBox(content.box);
    return parseSealedBody(this.#form, unseal(content.box, key, this.#form.purpose));
  }

  async #textOf(body: Body): Promise<string> {
    const text = this.#form.textOf(body);
    const key = await this.#keys.forSealing();
    return key ? sealedStoreText(this.#form, seal(Buffer.from(text, 'utf8'), key, this.#form.purpose)) : text;
  }
}

export const fingerprintOf = (file: { ino: bigint; size: bigint; mtimeNs: bigint }): Fingerprint =>
  `${file.ino}:${file.size}:${file.mtimeNs}`;

async function openIfThere(path: string) {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
