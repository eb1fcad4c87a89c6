import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AUDIT_ACTIONS, type AuditEntry, type AuditTrail } from '../core/audit.js';
import { VoicePrintsError } from '../core/errors.js';
import { StoreLock } from '../files/storeLock.js';

const FILE = 'audit.log';
const LOCK = '.audit.lock';
const OLDER = /^audit-.+\.log$/;
const LOCK_WAIT_MS = 10_000;

/** Some 50,000 entries a file. */
const MAX_FILE_BYTES = 10 * 2 ** 20;
const MAX_OLDER_FILES = 10;

export interface AuditLogLimits {
  /** A file that has grown beyond this is set aside. */
  readonly maxFileBytes: number;
  /** Files set aside beyond these are erased, oldest first. */
  readonly maxOlderFiles: number;
}

/** Looser than what is written: lines of later versions are shown as they are. */
const entryLine = z.looseObject({
  time: z.string(),
  tenantId: z.string(),
  actor: z.string(),
  action: z.enum(AUDIT_ACTIONS),
  speakerId: z.string().nullable(),
  outcome: z.enum(['accepted', 'complete', 'rejected', 'done', 'absent', 'failed']),
});

/**
 * The audit log of a store: each tenant has files of its own, so that what one does, however often, pushes nothing out that
 * others did. Those of the tenant `local` lie in the store's folder, as do those of all tenants before release 0.2.0; the others in
 * `audit/TENANT`.
 */
export class AuditLog implements AuditTrail {
  readonly #directory: string;
  readonly #limits: AuditLogLimits;
  readonly #logs = new Map<string, TenantLog>();

  constructor(directory: string, limits: Partial<AuditLogLimits> = {}) {
    this.#directory = directory;
    this.#limits = { maxFileBytes: MAX_FILE_BYTES, maxOlderFiles: MAX_OLDER_FILES, ...limits };
  }

  async append(entries: readonly AuditEntry[]): Promise<void> {
    for (const tenantId of new Set(entries.map((entry) => entry.tenantId))) {
      await this.#logOf(tenantId).append(entries.filter((entry) => entry.tenantId === tenantId));
    }
  }

  #logOf(tenantId: string): TenantLog {
    const known = this.#logs.get(tenantId) ?? new TenantLog(folderOf(this.#directory, tenantId), this.#limits);
    this.#logs.set(tenantId, known);
    return known;
  }
}

const FOLDER = 'audit';
/** Of everything that has no API key. */
const LOCAL = 'local';

/** Where the log of a tenant lies. No dots: a folder `..` would be another one. */
const folderOf = (directory: string, tenantId: string): string =>
  tenantId === LOCAL ? directory : join(directory, FOLDER, encodeURIComponent(tenantId).replaceAll('.', '%2E'));

/**
 * JSON lines in `audit.log` of a folder, for its owner's eyes only (mode 0600). Several processes may append: each writes
 * whole lines in one go. A file that has grown is set aside as `audit-TIME.log`.
 */
class TenantLog {
  readonly #directory: string;
  readonly #limits: AuditLogLimits;
  readonly #lock: StoreLock;

  constructor(directory: string, limits: AuditLogLimits) {
    this.#directory = directory;
    this.#limits = limits;
    this.#lock = new StoreLock(join(directory, LOCK), LOCK_WAIT_MS);
  }

  async append(entries: readonly AuditEntry[]): Promise<void> {
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      const bytes = await this.#write(entries);
      if (bytes > this.#limits.maxFileBytes) await this.#lock.holding(() => this.#setAside());
    } catch (error) {
      const message = 'it was done, but the audit log could not be written; make its folder writable, free the disk';
      throw new VoicePrintsError('REGISTRY_UNAVAILABLE', message, { cause: error });
    }
  }

  /** Size of the file afterwards, in bytes. */
  async #write(entries: readonly AuditEntry[]): Promise<number> {
    const file = await open(join(this.#directory, FILE), 'a+', 0o600);
    try {
      const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
      // A writer that was killed may have left half a line: ours must not become part of it.
      await file.appendFile((await endsWithinLine(file)) ? `\n${lines}` : lines);
      await file.datasync();
      return (await file.stat()).size;
    } finally {
      await file.close();
    }
  }

  async #setAside(): Promise<void> {
    const path = join(this.#directory, FILE);
    const current = await stat(path).catch(() => undefined); // another process may just have set it aside
    if (!current || current.size <= this.#limits.maxFileBytes) return;
    const time = new Date().toISOString().replaceAll(':', '-');
    await rename(path, join(this.#directory, `audit-${time}-${randomBytes(2).toString('hex')}.log`));
    const older = await olderFiles(this.#directory);
    const surplus = older.slice(0, Math.max(0, older.length - this.#limits.maxOlderFiles));
    await Promise.all(surplus.map((name) => rm(join(this.#directory, name), { force: true })));
  }
}

export interface AuditFilter {
  readonly speakerId?: string | undefined;
  readonly tenantId?: string | undefined;
}

/** What is kept, oldest first; lines that cannot be read are yielded as undefined. Throws REGISTRY_UNAVAILABLE. */
export async function* readAuditLog(
  directory: string,
  { speakerId, tenantId }: AuditFilter = {},
): AsyncGenerator<AuditEntry | undefined> {
  const folders = [directory, ...(await namesIn(join(directory, FOLDER))).map((name) => join(directory, FOLDER, name))];
  const logs = folders.map((folder) => entriesIn(folder));
  const heads = await Promise.all(logs.map((log) => log.next()));
  for (;;) {
    const oldest = oldestOf(heads);
    if (oldest === undefined) return;
    const entry = heads[oldest]!.value as AuditEntry | undefined;
    heads[oldest] = await logs[oldest]!.next();
    if (entry && speakerId !== undefined && entry.speakerId !== speakerId) continue;
    if (entry && tenantId !== undefined && entry.tenantId !== tenantId) continue;
    yield entry;
  }
}

/** Which of several logs goes on first: one whose line cannot be read, else the one with the oldest. */
function oldestOf(heads: readonly IteratorResult<AuditEntry | undefined, unknown>[]): number | undefined {
  const timeOf = (head: (typeof heads)[number]): string => (head.value as AuditEntry | undefined)?.time ?? '';
  return heads.reduce<number | undefined>((oldest, head, index) => {
    if (head.done || (oldest !== undefined && timeOf(heads[oldest]!) <= timeOf(head))) return oldest;
    return index;
  }, undefined);
}

async function* entriesIn(folder: string): AsyncGenerator<AuditEntry | undefined> {
  for (const name of [...(await olderFiles(folder)), FILE]) {
    for await (const line of linesOf(join(folder, name))) yield entryOf(line);
  }
}

async function endsWithinLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer[0] !== 0x0a;
}

const olderFiles = async (directory: string): Promise<string[]> =>
  (await namesIn(directory)).filter((name) => OLDER.test(name)).sort();

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(error);
  }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  try {
    await using file = await open(path, 'r');
    for await (const line of file.readLines()) if (line !== '') yield line;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable(error);
  }
}

function entryOf(line: string): AuditEntry | undefined {
  try {
    return entryLine.safeParse(JSON.parse(line)).data as AuditEntry | undefined;
  } catch {
    return undefined; // half a line, left by a writer that was killed
  }
}

const unreadable = (cause: unknown) =>
  new VoicePrintsError('REGISTRY_UNAVAILABLE', 'the audit log cannot be read; check the rights of its folder', {
    cause,
  });
