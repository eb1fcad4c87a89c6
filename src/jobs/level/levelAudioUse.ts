import { createHash } from 'node:crypto';
import { dayOf } from '../../core/time.js';
import type { AudioUse } from '../audioUse.js';
import type { Job } from '../job.js';
import { audioUseOf } from '../storedRows.js';
import type { SealedLevel } from './sealedLevel.js';

const PREFIX = 'used!';

/**
 * Amount of audio processed by the jobs of each tenant. One row per job, written together with the job's end, so that it
 * counts exactly once even if the process ends, and still counts when the job is erased. Sums are kept in memory.
 */
export class LevelAudioUse {
  readonly #level: SealedLevel;
  /** Milliseconds of each day and tenant. */
  readonly #usedMs = new Map<string, Map<string, number>>();

  private constructor(level: SealedLevel) {
    this.#level = level;
  }

  static async open(level: SealedLevel): Promise<LevelAudioUse> {
    const use = new LevelAudioUse(level);
    for await (const [, row] of level.all(PREFIX)) use.#count(audioUseOf(row));
    return use;
  }

  usedMs(tenantId: string, day: string): number {
    return this.#usedMs.get(day)?.get(tenantId) ?? 0;
  }

  /** The row of a job that ends, none where no audio was processed, to be written with its end; call `commit` once it is written. */
  prepare(
    { tenantId, requestId, createdAtMs }: Job,
    audioMs: number,
    endedAtMs: number,
  ): { readonly rows: readonly (readonly [string, AudioUse])[]; readonly commit: () => void } {
    if (audioMs === 0) return { rows: [], commit: () => undefined };
    const use: AudioUse = { tenantId, day: dayOf(endedAtMs), audioMs };
    // A digest: keys of rows are not encrypted, and the request id may be confidential.
    const name = createHash('sha256').update(`${tenantId}\n${requestId}\n${createdAtMs}`).digest('base64url');
    return { rows: [[`${PREFIX}${name}`, use]], commit: () => this.#count(use) };
  }

  /** Drops all days before this one. */
  async expire(beforeDay: string): Promise<void> {
    if (![...this.#usedMs.keys()].some((day) => day < beforeDay)) return;
    const gone: string[] = [];
    for await (const [key, row] of this.#level.all(PREFIX)) if (audioUseOf(row).day < beforeDay) gone.push(key);
    await this.#level.write({ delete: gone }, false);
    for (const day of [...this.#usedMs.keys()]) if (day < beforeDay) this.#usedMs.delete(day);
  }

  #count({ tenantId, day, audioMs }: AudioUse): void {
    const ofDay = this.#usedMs.get(day) ?? new Map<string, number>();
    ofDay.set(tenantId, (ofDay.get(tenantId) ?? 0) + audioMs);
    this.#usedMs.set(day, ofDay);
  }
}
