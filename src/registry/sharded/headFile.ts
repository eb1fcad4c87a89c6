import { randomBytes } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile } from '../../files/atomicFile.js';
import { type Commit, headText, parseHead, type StoreHead } from '../stored/headForm.js';
import { fingerprintOf } from '../stored/storeFile.js';
import { SHARDS } from './shardNames.js';

/** Commits that the head remembers: a process that slept through more looks at every shard. */
const REMEMBERED = 64;
/** What is found in place of a file that was renamed before it was on disk. */
const NOTHING = /^\0*$/;
/** A commit of more shards counts as one of all. */
const MOST_NAMED = 256;

/** What is in place of the head: nothing yet, the single file of an earlier release, or the head of shards. */
export type HeadState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'single' }
  | { readonly kind: 'sharded'; readonly head: StoreHead };

export const EMPTY_HEAD: StoreHead = { recent: [] };

/** The file `voiceprints.json`. Reads need no lock; a look at an unchanged file is one `stat`. */
export class HeadFile {
  readonly path: string;
  #known: { readonly fingerprint: string; readonly state: HeadState } | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Throws REGISTRY_CORRUPT, REGISTRY_VERSION_NEWER. */
  async read(): Promise<HeadState> {
    const found = await stat(this.path, { bigint: true }).catch(absent);
    if (!found) return { kind: 'absent' };
    if (this.#known?.fingerprint === fingerprintOf(found)) return this.#known.state;
    const file = await open(this.path, 'r').catch(absent);
    if (!file) return { kind: 'absent' };
    try {
      const fingerprint = fingerprintOf(await file.stat({ bigint: true })); // files are replaced, never modified
      const state = await this.#stateOf(await file.readFile('utf8'));
      this.#known = { fingerprint, state };
      return state;
    } finally {
      await file.close();
    }
  }

  async #stateOf(text: string): Promise<HeadState> {
    // Written as a hint and not synced: some file systems leave nothing of it after a power cut. It is lost then, and the shards
    // count. Where there are none, it was the single file of an earlier release, and that must not be taken for a new store.
    if (NOTHING.test(text) && (await stat(join(dirname(this.path), SHARDS)).catch(absent))) return { kind: 'absent' };
    const head = parseHead(text);
    return head ? { kind: 'sharded', head } : { kind: 'single' };
  }

  /** Call only while holding the store's lock. `isHint`: a power cut may take it back. */
  async write(head: StoreHead, { isHint = false } = {}): Promise<void> {
    await replaceFile(this.path, headText(head), { isHint });
  }
}

/** The head without what was under way, and with one more commit. */
export function committed({ recent, keyCheck }: StoreHead, shards: readonly string[]): StoreHead {
  const commit: Commit = {
    id: randomBytes(9).toString('base64url'),
    shards: shards.length > MOST_NAMED ? null : [...shards],
  };
  return { recent: [...recent, commit].slice(-REMEMBERED), ...(keyCheck && { keyCheck }) };
}

/** Shards changed since a commit; undefined where that is not known. */
export function changedSince({ recent }: StoreHead, commitId: string | undefined): Set<string> | undefined {
  const at = recent.findIndex(({ id }) => id === commitId);
  if (at < 0) return undefined;
  const later = recent.slice(at + 1);
  return later.every(({ shards }) => shards) ? new Set(later.flatMap(({ shards }) => shards!)) : undefined;
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
