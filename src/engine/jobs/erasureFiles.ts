import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../files/atomicFile.js';
import type { ErasureNotes, NotedErasure } from '../../jobs/erasureNotes.js';
import { guarded } from '../../registry/guarded.js';

/** Notes of erased people as files beside the jobs: any process writes them, the one that has the jobs removes them. */
export class ErasureFiles implements ErasureNotes {
  readonly #folder: string;

  constructor(storeDirectory: string) {
    this.#folder = join(storeDirectory, 'jobs', 'erasures');
  }

  async note(tenantId: string, speakerId: string): Promise<NotedErasure> {
    const erasure = { id: randomBytes(12).toString('hex'), tenantId, speakerId };
    await this.#write(erasure);
    return erasure;
  }

  /** Done already by another process, which may have named the person again until a moment ago: it is noted again. */
  async confirm(erasure: NotedErasure): Promise<void> {
    if (!existsSync(this.#pathOf(erasure))) await this.#write(erasure);
  }

  async remove(erasure: NotedErasure): Promise<void> {
    await guarded(() => rm(this.#pathOf(erasure), { force: true }));
  }

  async isPending(erasure: NotedErasure): Promise<boolean> {
    return existsSync(this.#pathOf(erasure));
  }

  pending(): Promise<readonly NotedErasure[]> {
    return guarded(async () => {
      const names = await readdir(this.#folder).catch(absentAs<string[]>([]));
      const ids = names.flatMap((name) => /^([0-9a-f]+)\.json$/.exec(name)?.[1] ?? []);
      return (await Promise.all(ids.map((id) => this.#read(id)))).flatMap((one) => one ?? []);
    });
  }

  done(erasure: NotedErasure): Promise<void> {
    return this.remove(erasure);
  }

  async #write(erasure: NotedErasure): Promise<void> {
    const { tenantId, speakerId } = erasure;
    await guarded(async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await replaceFile(this.#pathOf(erasure), JSON.stringify({ tenantId, speakerId }));
    });
  }

  async #read(id: string): Promise<NotedErasure | undefined> {
    const text = await readFile(this.#pathOf({ id }), 'utf8').catch(absentAs(undefined)); // done meanwhile
    if (text === undefined) return undefined;
    const { tenantId, speakerId } = JSON.parse(text) as Omit<NotedErasure, 'id'>; // ours, whole or not there
    return { id, tenantId, speakerId };
  }

  #pathOf({ id }: Pick<NotedErasure, 'id'>): string {
    return join(this.#folder, `${id}.json`);
  }
}

const absentAs =
  <T>(value: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return value;
    throw error;
  };
