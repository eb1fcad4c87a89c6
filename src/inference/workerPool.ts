import { setTimeout as delay } from 'node:timers/promises';
import type { Piscina } from 'piscina';
import { aborted, asVoicePrintsError, type ErrorCode, VoicePrintsError } from '../core/errors.js';
import { lazy } from '../core/lazy.js';
import { FairTurns } from '../stream/fairTurns.js';
import { keepRuntimeSilent } from './onnxRuntime.js';

/** Reply of a worker: errors are sent as plain data, since structured clones lose their class. */
export type WorkerReply<R> =
  | { readonly kind: 'done'; readonly result: R }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly details: Readonly<Record<string, number | string>>;
      /** Stack of the cause, for the log. */
      readonly trace: string;
    };

export interface WorkerPoolOptions {
  /** Compiled worker file; its default export processes one task and returns a WorkerReply. */
  readonly filename: string;
  readonly threads: number;
  /** Passed to every thread at its start; cloned. */
  readonly workerData: unknown;
}

/** Time limit for a thread to finish its task before it is terminated. */
const CLOSE_MS = 4_000;

interface Post<T> {
  readonly task: T;
  readonly transfer: readonly ArrayBuffer[];
}

/** Idle threads beyond the first end after this time; the first stays, so that the next recording starts at once. */
const IDLE_MS = 60_000;

/** Worker threads, started with the first task. The only owner of piscina. */
export class WorkerPool implements AsyncDisposable {
  readonly #options: WorkerPoolOptions;
  readonly #pool = lazy(() => this.#start());
  readonly #closing = new AbortController();
  /** Running tasks; never more than threads. */
  readonly #underWay = new Set<Promise<unknown>>();
  /** Tasks waiting for a thread. Those of one signal are one recording's, or of all live streams: a long recording has many at a time. */
  readonly #turns = new FairTurns<AbortSignal>();

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /**
   * Runs one task; `transfer` lists buffers to transfer. Throws the error of the task, ABORTED, ENGINE_CLOSED, or
   * INFERENCE_FAILED where the thread died (another one replaces it).
   *
   * The signal is not passed on: aborting a running task costs the thread and its loaded networks, and an abort
   * at the end of the task raises an error event. The caller continues at once; the thread's result is discarded.
   */
  async run<T, R>(task: T, transfer: readonly ArrayBuffer[], signal: AbortSignal): Promise<R> {
    throwIfAborted(signal);
    const pool = await this.#open();
    throwIfAborted(signal); // an abort while the pool was opening has already fired its event
    const work = untilAborted(this.#inTurn<T, R>(pool, { task, transfer }, signal), this.#closing.signal, closed);
    const reply = await untilAborted(work, signal, () => aborted(signal.reason));
    if (reply.kind === 'done') return reply.result;
    throw new VoicePrintsError(reply.code, reply.message, { details: reply.details, cause: new Error(reply.trace) });
  }

  /** Waits for a thread here and not in the pool, so that tasks that have not started can be abandoned. */
  async #inTurn<T, R>(pool: Piscina, { task, transfer }: Post<T>, signal: AbortSignal): Promise<WorkerReply<R>> {
    if (this.#underWay.size >= this.#options.threads) await this.#turns.wait(signal);
    try {
      if (this.#closing.signal.aborted) throw closed();
      throwIfAborted(signal);
      return await this.#post<T, R>(pool, { task, transfer });
    } finally {
      this.#turns.next();
    }
  }

  async #post<T, R>(pool: Piscina, { task, transfer }: Post<T>): Promise<WorkerReply<R>> {
    const work = pool.run(task, { transferList: [...transfer] });
    this.#underWay.add(work);
    try {
      return (await work) as WorkerReply<R>;
    } catch (cause) {
      if (this.#closing.signal.aborted) throw closed();
      const message = 'a worker thread ended while working; try again, and report it if it happens again';
      throw new VoicePrintsError('INFERENCE_FAILED', message, { cause });
    } finally {
      this.#underWay.delete(work);
    }
  }

  #open(): Promise<Piscina> {
    if (this.#closing.signal.aborted) throw closed();
    return this.#pool.get();
  }

  async #start(): Promise<Piscina> {
    const { Piscina } = await import('piscina');
    const { filename, threads, workerData } = this.#options;
    keepRuntimeSilent();
    const pool = new Piscina({ filename, workerData, minThreads: 1, maxThreads: threads, idleTimeout: IDLE_MS });
    // A thread that dies between two tasks is replaced by the pool; without a listener this event would end the process.
    pool.on('error', () => undefined);
    return pool;
  }

  /**
   * Rejects all tasks with ENGINE_CLOSED at once; resolves when the threads have ended. Each finishes its current task:
   * terminating a thread inside a network crashes the whole process. May be called twice.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const pool = await this.#pool.opened();
    while (this.#turns.next());
    await Promise.race([Promise.allSettled(this.#underWay), delay(CLOSE_MS, undefined, { ref: false })]);
    await pool?.destroy();
  }
}

/** Reply of a worker's default export: the result of `work`, or its error as plain data. */
export async function replyOf<R>(work: () => Promise<R> | R): Promise<WorkerReply<R>> {
  try {
    return { kind: 'done', result: await work() };
  } catch (thrown) {
    const { code, message, details, cause } = asVoicePrintsError(thrown);
    const origin = cause instanceof Error ? cause : thrown;
    return { kind: 'failed', code, message, details, trace: origin instanceof Error ? (origin.stack ?? '') : '' };
  }
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw aborted(signal.reason);
}

/** Settles with the work, or rejects as soon as the signal aborts. */
function untilAborted<R>(work: Promise<R>, signal: AbortSignal, why: () => VoicePrintsError): Promise<R> {
  return new Promise<R>((resolve, reject) => {
    const stop = (): void => reject(why());
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

const closed = (): VoicePrintsError => new VoicePrintsError('ENGINE_CLOSED', 'the engine is closed; create a new one');
