import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeptSpeech } from '../core/voiceprint.js';
import { replaceFile } from '../files/atomicFile.js';
import { seal, unseal } from '../sealing/sealing.js';
import type { SealingKeys } from './sealingKeys.js';
import { speechForm } from './stored/speechForm.js';
import { parseSealedBody, parseStore, sealedStoreText } from './stored/storedForm.js';

const FOLDER = 'speech';
/** A file without a reference that is older than this was left by a killed process, or by a backup. */
const ABANDONED_AFTER_MS = 3_600_000;

/** Kept speech: one file per enrolment sample, sealed with the store's key where it has one. */
export class SpeechFolder {
  readonly #folder: string;
  readonly #keys: SealingKeys;

  constructor(storeFolder: string, keys: SealingKeys) {
    this.#folder = join(storeFolder, FOLDER);
    this.#keys = keys;
  }

  async write(tenantId: string, audioId: string, speech: KeptSpeech): Promise<void> {
    const form = speechForm(tenantId, audioId);
    const text = form.textOf(speech);
    const key = await this.#keys.forSealing();
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const sealed = key ? sealedStoreText(form, seal(Buffer.from(text, 'utf8'), key, form.purpose)) : text;
    await replaceFile(this.#pathOf(audioId), sealed);
  }

  /** Undefined where there is none. Throws REGISTRY_CORRUPT, REGISTRY_KEY_MISSING, REGISTRY_KEY_WRONG. */
  async read(tenantId: string, audioId: string): Promise<KeptSpeech | undefined> {
    const text = await textIfThere(this.#pathOf(audioId));
    if (text === undefined) return undefined;
    const form = speechForm(tenantId, audioId);
    const content = parseStore(form, text);
    if (content.kind === 'plain') return content.body;
    return parseSealedBody(form, unseal(content.box, await this.#keys.forBox(content.box), form.purpose));
  }

  async erase(audioIds: Iterable<string>): Promise<void> {
    await Promise.all(Array.from(audioIds, (audioId) => rm(this.#pathOf(audioId), { force: true })));
  }

  /** True where there are files old enough that a process which was killed may have left them. */
  async hasAbandoned(): Promise<boolean> {
    return (await this.#old()).length > 0;
  }

  /** Erases old files that no voiceprint refers to. */
  async eraseAllBut(named: ReadonlySet<string>): Promise<void> {
    for (const name of await this.#old()) {
      if (!named.has(name.replace(/\.json$/, ''))) await rm(join(this.#folder, name), { force: true });
    }
  }

  async #old(): Promise<string[]> {
    const old: string[] = [];
    for (const name of await namesIfThere(this.#folder)) {
      const { mtimeMs } = await stat(join(this.#folder, name)).catch(ifAbsent({ mtimeMs: Date.now() }));
      if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) old.push(name);
    }
    return old;
  }

  #pathOf(audioId: string): string {
    return join(this.#folder, `${audioId}.json`);
  }
}

const namesIfThere = (folder: string): Promise<string[]> => readdir(folder).catch(ifAbsent([]));
const textIfThere = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(ifAbsent(undefined));

const ifAbsent =
  <T>(value: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return value;
    throw error;
  };
