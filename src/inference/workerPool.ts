import type { Piscina } from 'piscina';
import { asVoicePrintsError, type ErrorCode, VoicePrintsError } from '../core/errors.js';
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

/** Idle threads beyond the first end after this time; the first stays, so that the next recording starts at once. */
const IDLE_MS = 60_000;

/** Worker threads, started with the first task. The only owner of piscina. */
export class WorkerPool implements AsyncDisposable {
  readonly #options: WorkerPoolOptions;
  #pool: Promise<Piscina> | undefined;
  #isClosed = false;

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
    const reply = await untilAborted(this.#post<T, R>(pool, task, transfer), signal);
    if (reply.kind === 'done') return reply.result;
    throw new VoicePrintsError(reply.code, reply.message, { details: reply.details, cause: new Error(reply.trace) });
  }

  async #post<T, R>(pool: Piscina, task: T, transfer: readonly ArrayBuffer[]): Promise<WorkerReply<R>> {
    try {
      return (await pool.run(task, { transferList: [...transfer] })) as WorkerReply<R>;
    } catch (cause) {
      if (this.#isClosed) throw closed();
      const message = 'a worker thread ended in the middle of its work; try again, and report it when it stays';
      throw new VoicePrintsError('INFERENCE_FAILED', message, { cause });
    }
  }

  #open(): Promise<Piscina> {
    if (this.#isClosed) throw closed();
    this.#pool ??= this.#start();
    return this.#pool;
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

  /** Ends the threads; what runs is given up with ENGINE_CLOSED. May be called twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const pool = await this.#pool;
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
  if (signal.aborted) throw aborted(signal);
}

/** Settles with the work, or rejects as soon as the signal aborts. */
function untilAborted<R>(work: Promise<R>, signal: AbortSignal): Promise<R> {
  return new Promise<R>((resolve, reject) => {
    const stop = (): void => reject(aborted(signal));
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

const aborted = (signal: AbortSignal): VoicePrintsError =>
  new VoicePrintsError('ABORTED', 'the work was stopped before it ended', { cause: signal.reason });

const closed = (): VoicePrintsError =>
  new VoicePrintsError('ENGINE_CLOSED', 'the engine is closed; make a new one for further work');
