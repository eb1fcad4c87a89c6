import { VoicePrintsError } from '../core/errors.js';

/** A folder that does not answer for this long is on a dead network share or a broken disk. */
const SILENT_AFTER_MS = 20_000;

/** Folders with an operation that timed out and is still pending. */
const silent = new Map<string, Promise<void>>();

export interface AnsweringOptions<T> {
  readonly withinMs?: number | undefined;
  /** Disposes of a result that arrives after the time limit. */
  readonly onLate?: ((result: T) => void | Promise<void>) | undefined;
}

/**
 * The result of work on a folder, or REGISTRY_UNAVAILABLE where the file system does not answer in time. Work that hangs
 * holds one of the four threads that Node.js has for files, and cannot be stopped: until it returns, further operations on
 * that folder are refused, so that files elsewhere can still be read. Long work says with `onAlive` that the folder answers:
 * the time limit begins anew.
 */
export async function answering<T>(
  folder: string,
  work: (onAlive: () => void) => Promise<T>,
  { withinMs = SILENT_AFTER_MS, onLate }: AnsweringOptions<T> = {},
): Promise<T> {
  if (silent.has(folder)) throw unanswered(withinMs);
  let timer: NodeJS.Timeout | undefined;
  const working = work(() => timer?.refresh());
  const tooLate = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, withinMs, 'late');
  });
  try {
    const first = await Promise.race([working.then((result) => ({ result })), tooLate]);
    if (first !== 'late') return first.result;
  } finally {
    clearTimeout(timer);
  }
  // No caller awaits this result any more.
  const back = working.then(onLate).catch(() => undefined);
  silent.set(folder, back as Promise<void>);
  void back.then(() => silent.delete(folder));
  throw unanswered(withinMs);
}

/** True while work on some folder hangs: a process then cannot end by itself, as Node.js waits for its threads. */
export const isAnyFolderSilent = (): boolean => silent.size > 0;

const unanswered = (withinMs: number): VoicePrintsError =>
  new VoicePrintsError(
    'REGISTRY_UNAVAILABLE',
    `the folder of the voiceprints does not answer (waited ${withinMs / 1000} s); check the disk or the network share that it lies on`,
  );
