import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { VoicePrintsError } from '../../core/errors.js';
import { replaceFile } from '../../files/atomicFile.js';
import { guarded } from '../../registry/guarded.js';

/** A person whose id and name must still be erased from the jobs of a store. */
export interface PendingErasure {
  readonly tenantId: string;
  readonly speakerId: string;
  /** The file that records this; removed when it is done. */
  readonly path: string;
}

const POLL_MS = 50;

const folderOf = (storeDirectory: string): string => join(storeDirectory, 'jobs', 'erasures');

/** Whether a store has jobs, of this process or another. */
export const hasJobs = (storeDirectory: string): boolean =>
  existsSync(join(storeDirectory, 'jobs', 'queue', 'CURRENT'));

/** Notes, durably, that a person has to be erased from the jobs. Throws REGISTRY_UNAVAILABLE. */
export function noteErasure(storeDirectory: string, tenantId: string, speakerId: string): Promise<PendingErasure> {
  return guarded(async () => {
    const folder = folderOf(storeDirectory);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${randomBytes(12).toString('hex')}.json`);
    await replaceFile(path, JSON.stringify({ tenantId, speakerId }));
    return { tenantId, speakerId, path };
  });
}

/** What has not been done yet, whichever process noted it. Throws REGISTRY_UNAVAILABLE. */
export function pendingErasures(storeDirectory: string): Promise<readonly PendingErasure[]> {
  return guarded(async () => {
    const folder = folderOf(storeDirectory);
    const names = await readdir(folder).catch(absentAs([]));
    const notes = names.filter((name) => /^[0-9a-f]+\.json$/.test(name));
    return (await Promise.all(notes.map((name) => noteAt(join(folder, name))))).flatMap((one) => one ?? []);
  });
}

export const removeNote = ({ path }: PendingErasure): Promise<void> => guarded(() => rm(path, { force: true }));

/** Waits for the process that runs the jobs. Throws JOBS_LOCKED where it does nothing in time. */
export async function untilDone({ path }: PendingErasure, waitMs: number): Promise<void> {
  for (const until = Date.now() + waitMs; Date.now() < until; await delay(POLL_MS)) if (!existsSync(path)) return;
  throw new VoicePrintsError(
    'JOBS_LOCKED',
    'the person is erased, but not yet from the outcomes of jobs: the process that runs them does not answer; it will do so at its next check or start',
  );
}

async function noteAt(path: string): Promise<PendingErasure | undefined> {
  const text = await readFile(path, 'utf8').catch(absentAs(undefined)); // done meanwhile
  if (text === undefined) return undefined;
  const { tenantId, speakerId } = JSON.parse(text) as Pick<PendingErasure, 'tenantId' | 'speakerId'>; // ours, whole or not there
  return { tenantId, speakerId, path };
}

const absentAs =
  <T>(value: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return value;
    throw error;
  };
