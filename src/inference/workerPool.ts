import { setTimeout as delay } from 'node:timers/promises';
import type { Piscina } from 'piscina';
import { aborted, asVoicePrintsError, type ErrorCode, VoicePrintsError } from '../core/errors.js';
import { lazy } from '../core/lazy.js';
import { keepRuntimeSilent } from './onnxSession.js';

/** What a worker answers: errors cross threads as plain data, since structured clones lose their class. */
export type WorkerReply<R> =
  | { readonly kind: 'done'; readonly result: R }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly details: Readonly<Record<string, number | string>>;
      /** Stack of what lies behind it, for the log. */
      readonly trace: string;
    };

export interface WorkerPoolOptions {
  /** Compiled worker file; its default export takes one task and answers with a WorkerReply. */
  readonly filename: string;
  readonly threads: number;
  /** Given to every thread at its start; cloned. */
  readonly workerData: unknown;
}

/** A thread that has not ended its task by then is stopped in the middle of it. */
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
  /** Tasks the threads are at; never more than threads. */
  readonly #underWay = new Set<Promise<unknown>>();
  /** Those who wait for a thread, in order. */
  readonly #waiting: (() => void)[] = [];

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /**
   * Runs one task; `transfer` names buffers that leave this thread. Throws what the task threw, ABORTED,
   * ENGINE_CLOSED, or INFERENCE_FAILED where the thread died (another one takes its place).
   *
   * The signal is not passed on: aborting a running task costs the thread and its loaded networks, and an abort that
   * meets the task's end raises an error event. The caller is let go at once; the thread ends the task for nobody.
   */
  async run<T, R>(task: T, transfer: readonly ArrayBuffer[], signal: AbortSignal): Promise<R> {
    throwIfAborted(signal);
    const pool = await this.#open();
    throwIfAborted(signal); // an abort while the pool opened is an event nobody will hear
    const work = untilAborted(this.#inTurn<T, R>(pool, { task, transfer }, signal), this.#closing.signal, closed);
    const reply = await untilAborted(work, signal, () => aborted(signal.reason));
    if (reply.kind === 'done') return reply.result;
    throw new VoicePrintsError(reply.code, reply.message, { details: reply.details, cause: new Error(reply.trace) });
  }

  /** Waits for a thread: what has not begun can still be left, and what has begun can be waited for. */
  async #inTurn<T, R>(pool: Piscina, { task, transfer }: Post<T>, signal: AbortSignal): Promise<WorkerReply<R>> {
    if (this.#underWay.size >= this.#options.threads) await new Promise<void>((start) => this.#waiting.push(start));
    try {
      if (this.#closing.signal.aborted) throw closed();
      throwIfAborted(signal);
      return await this.#post<T, R>(pool, { task, transfer });
    } finally {
      this.#waiting.shift()?.();
    }
  }

  async #post<T, R>(pool: Piscina, { task, transfer }: Post<T>): Promise<WorkerReply<R>> {
    const work = pool.run(task, { transferList: [...transfer] });
    this.#underWay.add(work);
    try {
      return (await work) as WorkerReply<R>;
    } catch (cause) {
      if (this.#closing.signal.aborted) throw closed();
      const message = 'a worker thread ended in the middle of its work; try again, and report it when it stays';
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
    // A thread that dies between two tasks is replaced by the pool; unheard, this event would end the process.
    pool.on('error', () => undefined);
    return pool;
  }

  /**
   * Gives up everything with ENGINE_CLOSED at once; resolves when the threads have ended. Each ends the task it is at: a
   * thread that is stopped in the middle of a network takes the whole process with it. May be called twice.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const pool = await this.#pool.opened();
    for (const start of this.#waiting.splice(0)) start();
    await Promise.race([Promise.allSettled(this.#underWay), delay(CLOSE_MS, undefined, { ref: false })]);
    await pool?.destroy();
  }
}

/** What a worker's default export answers with: the result of `work`, or its error as plain data. */
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

const closed = (): VoicePrintsError =>
  new VoicePrintsError('ENGINE_CLOSED', 'the engine is closed; make a new one for further work');
