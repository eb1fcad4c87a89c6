import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { VoicePrintsError } from '../core/errors.js';
import { mayBeInUse, whileInUse } from './whileInUse.js';

/** Far longer than any write; an older lock belongs to a machine or container that no longer runs. */
const ABANDONED_AFTER_MS = 60_000;
/** A lock is empty for microseconds only, between its creation and the write of its owner: one this old has lost its owner. */
const EMPTY_ABANDONED_AFTER_MS = 3_000;
const POLL_MS = 3;
/** A store of an earlier release with very many people takes minutes to be moved. */
const LONGEST_WAIT_MS = 15 * 60_000;
const ALIVE_EVERY_MS = 1_000;

const owner = z.object({
  pid: z.number().int(),
  host: z.string(),
  /** Distinguishes a process from a later one with the same pid; empty where the platform does not provide it. */
  processStart: z.string(),
  token: z.string(),
});
type Owner = z.output<typeof owner>;

/**
 * A short exclusive lock between processes: a file made with O_EXCL that names its owner. It is held for one write,
 * never for a session, so that Node-RED, `serve` and the command line share a store.
 *
 * A dead owner's lock is taken over. Judging and removing are two steps, and between them another waiter could have
 * removed the dead lock and made its own, so removal happens only under a second lock (`.takeover`) and after reading
 * the first again: a dead owner cannot release it and no other waiter may remove it, so the lock that was read is the one removed.
 */
export class StoreLock {
  readonly #path: string;
  readonly #waitMs: number;
  readonly #onAlive: () => void;
  readonly #token = randomBytes(12).toString('hex');

  /**
   * @param waitMs how long an owner is waited for that does not renew its lock; one that does is at work that may take minutes
   * @param onAlive called while such an owner is waited for
   */
  constructor(path: string, waitMs: number, onAlive: () => void = () => undefined) {
    this.#path = path;
    this.#waitMs = waitMs;
    this.#onAlive = onAlive;
  }

  /**
   * Runs `work` exclusively. `stillMine` throws where the lock was lost (a process stopped for a minute): call it before
   * committing, and now and then during long work, as it renews the lock.
   */
  async holding<T>(work: (stillMine: () => Promise<void>) => Promise<T>): Promise<T> {
    await this.#acquire();
    try {
      return await work(() => this.#assertMine());
    } finally {
      await this.#release();
    }
  }

  async #acquire(): Promise<void> {
    const beganMs = Date.now();
    let untilMs = beganMs + this.#waitMs;
    for (;;) {
      if (await createOwned(this.#path, this.#token)) break;
      await takeOverWhereDead(this.#path, this.#token);
      if (Date.now() > untilMs) {
        const held = await readLock(this.#path);
        const sinceRenewalMs = held?.owner ? held.ageMs : Number.POSITIVE_INFINITY;
        if (sinceRenewalMs >= this.#waitMs || Date.now() > beganMs + LONGEST_WAIT_MS) throw locked(this.#waitMs);
        untilMs = Date.now() + Math.min(this.#waitMs - sinceRenewalMs, ALIVE_EVERY_MS);
        this.#onAlive();
      }
      await sleep(POLL_MS * (0.5 + Math.random()));
    }
    // While we hold the lock it cannot be taken over, so a guard whose owner was killed is safe to remove.
    const guard = await readLock(guardOf(this.#path));
    if (guard && isAbandoned(guard)) await remove(guardOf(this.#path));
  }

  async #assertMine(): Promise<void> {
    const held = await readLock(this.#path);
    if (held?.owner?.token !== this.#token) throw locked(0);
    const now = new Date();
    await utimes(this.#path, now, now);
  }

  async #release(): Promise<void> {
    const held = await readLock(this.#path);
    if (held?.owner?.token === this.#token) await remove(this.#path);
  }
}

interface HeldLock {
  /** Undefined where the file is empty or not a lock of this format. */
  readonly owner: Owner | undefined;
  readonly text: string;
  readonly ageMs: number;
}

/** True when this call made the lock. */
async function createOwned(path: string, token: string): Promise<boolean> {
  const text = JSON.stringify({
    pid: process.pid,
    host: hostname(),
    processStart: startOf('self'),
    token,
  } satisfies Owner);
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(text);
    } catch (error) {
      await remove(path); // on a full disk: nobody should have to wait until an empty lock counts as abandoned
      throw error;
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    // On Windows a lock that is just being removed still has its name. A folder that may not be written ends as REGISTRY_LOCKED.
    if (isCode(error, 'EEXIST') || mayBeInUse(error)) return false;
    throw error;
  }
}

const remove = (path: string): Promise<void> => whileInUse(() => rm(path, { force: true }));

const guardOf = (path: string): string => `${path}.takeover`;

async function takeOverWhereDead(path: string, token: string): Promise<void> {
  const seen = await readLock(path);
  if (!seen || !isAbandoned(seen)) return;
  const guard = guardOf(path);
  if (!(await createOwned(guard, token))) {
    // Its owner was killed within these few lines: age alone decides, and #assertMine catches what that could break.
    const held = await readLock(guard);
    if (held && isAbandoned(held) && held.ageMs > EMPTY_ABANDONED_AFTER_MS) await remove(guard);
    return;
  }
  try {
    const again = await readLock(path);
    if (again && again.text === seen.text && isAbandoned(again)) await remove(path);
  } finally {
    await remove(guard);
  }
}

async function readLock(path: string): Promise<HeldLock | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    return { owner: ownerOf(text), text, ageMs: Date.now() - mtimeMs };
  } catch (error) {
    if (isCode(error, 'ENOENT') || mayBeInUse(error)) return undefined;
    throw error;
  }
}

function ownerOf(text: string): Owner | undefined {
  try {
    return owner.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // empty or half-written: judged by its age
  }
}

function isAbandoned({ owner: held, ageMs }: HeldLock): boolean {
  if (ageMs > ABANDONED_AFTER_MS) return true;
  if (!held) return ageMs > EMPTY_ABANDONED_AFTER_MS;
  if (held.host !== hostname()) return false; // another machine or container on a shared volume: only its age is known
  return !isAlive(held);
}

function isAlive({ pid, processStart }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return !isCode(error, 'ESRCH'); // EPERM: alive, of another user
  }
  const start = startOf(pid);
  return processStart === '' || start === '' || start === processStart;
}

/** Field 22 of /proc/PID/stat: ticks between boot and the start of the process (proc(5)). Empty where there is none. */
function startOf(pid: number | 'self'): string {
  if (process.platform !== 'linux') return '';
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return ''; // no /proc, or the process ended meanwhile: kill(pid, 0) decides alone
  }
}

const isCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException | undefined)?.code === code;

const locked = (waitMs: number) =>
  new VoicePrintsError(
    'REGISTRY_LOCKED',
    `another process holds the voiceprint store (waited ${waitMs} ms); try again, or end the process that holds it`,
    { details: { waitMs } },
  );
