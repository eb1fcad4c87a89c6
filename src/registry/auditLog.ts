import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditEntry, AuditTrail } from '../core/audit.js';
import { VoicePrintsError } from '../core/errors.js';
import { answering } from '../files/answering.js';
import { moveFile } from '../files/atomicFile.js';
import { StoreLock } from '../files/storeLock.js';
import { type AuditFilter, entryOf } from './auditEntry.js';
import { tenantFolder } from './tenantFolder.js';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
const FILE = 'audit.log';
const LOCK = '.audit.lock';
const OLDER = /^audit-.+\.log$/;
const LOCK_WAIT_MS = 10_000;

/** About 50,000 entries per file. */
const MAX_FILE_BYTES = 10 * 2 ** 20;
const MAX_OLDER_FILES = 10;

export interface AuditLogLimits {
  /** A file larger than this is rotated. */
  readonly maxFileBytes: number;
  /** Number of rotated files to keep; older ones are erased. */
  readonly maxOlderFiles: number;
}

/**
 * The audit log of a store. Each tenant has its own files, so that the activity of one never rotates out entries of another.
 * Files of the tenant `local`, and of all tenants before release 0.2.0, are in the store's folder; the others in `audit/TENANT`.
 */
export class AuditLog implements AuditTrail {
  readonly #folder: string;
  readonly #limits: AuditLogLimits;
  readonly #logs = new Map<string, TenantLog>();

  constructor(folder: string, limits: Partial<AuditLogLimits> = {}) {
    this.#folder = folder;
    this.#limits = { maxFileBytes: MAX_FILE_BYTES, maxOlderFiles: MAX_OLDER_FILES, ...limits };
  }

  async append(entries: readonly AuditEntry[]): Promise<void> {
    for (const tenantId of new Set(entries.map((entry) => entry.tenantId))) {
      const own = entries.filter((entry) => entry.tenantId === tenantId);
      await answering(this.#folder, () => this.#logOf(tenantId).append(own));
    }
  }

  #logOf(tenantId: string): TenantLog {
    const known = this.#logs.get(tenantId) ?? new TenantLog(folderOf(this.#folder, tenantId), this.#limits);
    this.#logs.set(tenantId, known);
    return known;
  }
}

const FOLDER = 'audit';
/** Tenant of all operations without an API key. */
const LOCAL = 'local';

/** Folder of a tenant's log. */
const folderOf = (folder: string, tenantId: string): string =>
  tenantId === LOCAL ? folder : join(folder, FOLDER, tenantFolder(tenantId));

/**
 * JSON lines in `audit.log` of a folder, readable by its owner only (mode 0600). Several processes may append: each writes
 * whole lines in one call. A large file is rotated to `audit-TIME.log`.
 */
class TenantLog {
  readonly #folder: string;
  readonly #limits: AuditLogLimits;
  readonly #lock: StoreLock;

  constructor(folder: string, limits: AuditLogLimits) {
    this.#folder = folder;
    this.#limits = limits;
    this.#lock = new StoreLock(join(folder, LOCK), LOCK_WAIT_MS);
  }

  async append(entries: readonly AuditEntry[]): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const bytes = await this.#write(entries);
      if (bytes > this.#limits.maxFileBytes) await this.#lock.holding(() => this.#setAside());
    } catch (error) {
      const message =
        'the change was made, but the audit log could not be written; make its folder writable and free disk space';
      throw new VoicePrintsError('REGISTRY_UNAVAILABLE', message, { cause: error });
    }
  }

  /** Appends, and returns the size of the file in bytes. */
  async #write(entries: readonly AuditEntry[]): Promise<number> {
    // A link in its place would have entries written where whoever made it wants them.
    const file = await open(join(this.#folder, FILE), O_APPEND | O_CREAT | O_RDWR | (O_NOFOLLOW ?? 0), 0o600);
    try {
      const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
      // A killed writer may have left an incomplete line: the new entry must not become part of it.
      await file.appendFile((await endsWithinLine(file)) ? `\n${lines}` : lines);
      await file.datasync();
      return (await file.stat()).size;
    } finally {
      await file.close();
    }
  }

  async #setAside(): Promise<void> {
    const path = join(this.#folder, FILE);
    const current = await stat(path).catch(() => undefined); // another process may just have rotated it
    if (!current || current.size <= this.#limits.maxFileBytes) return;
    const time = new Date().toISOString().replaceAll(':', '-');
    await moveFile(path, join(this.#folder, `audit-${time}-${randomBytes(2).toString('hex')}.log`));
    const older = await olderFiles(this.#folder);
    const surplus = older.slice(0, Math.max(0, older.length - this.#limits.maxOlderFiles));
    await Promise.all(surplus.map((name) => rm(join(this.#folder, name), { force: true })));
  }
}

/** All entries of a folder, oldest first; unreadable lines are yielded as undefined. Throws REGISTRY_UNAVAILABLE. */
export async function* readAuditFiles(
  folder: string,
  { speakerId, tenantId }: AuditFilter = {},
): AsyncGenerator<AuditEntry | undefined> {
  const { logs, heads } = await answering(folder, async () => {
    const tenants = await namesIn(join(folder, FOLDER));
    const all = [folder, ...tenants.map((name) => join(folder, FOLDER, name))].map((one) => entriesIn(one));
    return { logs: all, heads: await Promise.all(all.map((log) => log.next())) };
  });
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

/** Which of several logs to continue with: one whose line is unreadable, else the one with the oldest entry. */
function oldestOf(heads: readonly IteratorResult<AuditEntry | undefined, unknown>[]): number | undefined {
  const timeOf = (head: (typeof heads)[number]): string => (head.value as AuditEntry | undefined)?.time ?? '';
  return heads.reduce<number | undefined>((oldest, head, index) => {
    if (head.done || (oldest !== undefined && timeOf(heads[oldest]!) <= timeOf(head))) return oldest;
    return index;
  }, undefined);
}

async function* entriesIn(folder: string): AsyncGenerator<AuditEntry | undefined> {
  for (const name of [...(await olderFiles(folder)), FILE]) {
    for await (const line of linesOf(join(folder, name))) yield entryOfLine(line);
  }
}

async function endsWithinLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer[0] !== 0x0a;
}

const olderFiles = async (folder: string): Promise<string[]> =>
  (await namesIn(folder)).filter((name) => OLDER.test(name)).sort();

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
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

function entryOfLine(line: string): AuditEntry | undefined {
  try {
    return entryOf(JSON.parse(line));
  } catch {
    return undefined; // an incomplete line, left by a killed writer
  }
}

const unreadable = (cause: unknown) =>
  new VoicePrintsError('REGISTRY_UNAVAILABLE', 'the audit log cannot be read; check the rights of its folder', {
    cause,
  });
