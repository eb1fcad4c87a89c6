import { mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Adapter } from 'lowdb';
import { VoicePrintsError } from '../core/errors.js';
import { removeTemporaries, writeAtomically } from './atomicFile.js';
import { isKeyOfBox, keyOfBox, newSealingKey, type SealingKey, STORE_ROUNDS, seal, unseal } from './sealing.js';
import { parseSealedBody, parseStore, type Rows, sealedStoreText, storeText } from './storedForm.js';

/** Bound to the ciphertext: a sealed export cannot be put in the place of a store. */
const PURPOSE = 'voice-prints store';

/** Tells one written file from the next: every write makes a new one, so a changed file is a changed inode or time. */
type Fingerprint = string;
const ABSENT: Fingerprint = 'absent';

/**
 * lowdb adapter for one JSON file: atomic writes, and AES-256-GCM where a key is given. A plain file met with a key is
 * encrypted by the next write. A file that cannot be read is reported and never written over.
 */
export class StoreFile implements Adapter<Rows> {
  readonly path: string;
  readonly #passphrase: string | undefined;
  #key: SealingKey | undefined;
  #known: Fingerprint | undefined;
  /** Asked just before a write becomes visible; throws where the lock was lost. */
  beforeRename: () => Promise<void> = async () => {};

  constructor(path: string, passphrase: string | undefined) {
    this.path = path;
    this.#passphrase = passphrase;
  }

  /** Makes the folder, readable by its owner only. */
  async prepare(): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
  }

  /** The rows, or null where the file is what this adapter read or wrote last (lowdb then keeps what it has). */
  async read(): Promise<Rows | null> {
    const text = await this.#readChanged();
    if (text === undefined) return null;
    try {
      return text === '' && this.#known === ABSENT ? new Map() : await this.#rowsOf(text);
    } catch (error) {
      this.#known = undefined; // not taken in: the next read must try, and fail, again
      throw error;
    }
  }

  /** Only under the store's lock. */
  async write(rows: Rows): Promise<void> {
    this.#known = undefined; // whatever fails from here on, the next read looks at the disk
    const text = await this.#textOf(rows);
    await removeTemporaries(this.path);
    await writeAtomically(this.path, text, this.beforeRename);
    this.#known = fingerprintOf(await stat(this.path, { bigint: true }));
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
      const text = await file.readFile('utf8'); // the open file is never written to again: what is read is whole
      this.#known = fingerprint;
      return text;
    } finally {
      await file.close();
    }
  }

  async #rowsOf(text: string): Promise<Rows> {
    const content = parseStore(text);
    if (content.kind === 'plain') return content.rows;
    if (this.#passphrase === undefined) {
      throw new VoicePrintsError('REGISTRY_KEY_MISSING', 'the voiceprint store is encrypted; give its key');
    }
    if (!this.#key || !isKeyOfBox(this.#key, content.box)) this.#key = await keyOfBox(this.#passphrase, content.box);
    return parseSealedBody(unseal(content.box, this.#key, PURPOSE));
  }

  async #textOf(rows: Rows): Promise<string> {
    const text = storeText(rows);
    if (this.#passphrase === undefined) return text;
    this.#key ??= await newSealingKey(this.#passphrase, STORE_ROUNDS);
    return sealedStoreText(seal(Buffer.from(text, 'utf8'), this.#key, PURPOSE));
  }
}

const fingerprintOf = (file: { ino: bigint; size: bigint; mtimeNs: bigint }): Fingerprint =>
  `${file.ino}:${file.size}:${file.mtimeNs}`;

async function openIfThere(path: string) {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
