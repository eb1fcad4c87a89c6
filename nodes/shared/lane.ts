import type { NodeMessage, NodeMessageInFlow } from 'node-red';
import { asVoicePrintsError, VoicePrintsError } from '../../src/index.js';

export type Send = (msg: NodeMessage | Array<NodeMessage | NodeMessage[] | null>) => void;

/** What a node does with one message. It ends when the message is dealt with; `signal` fires when the node closes. */
export type Handler = (msg: NodeMessageInFlow, send: Send, signal: AbortSignal) => Promise<void>;

export interface Job {
  readonly msg: NodeMessageInFlow;
  readonly send: Send;
  readonly done: (error?: Error) => void;
}

export interface LaneOptions {
  readonly handle: Handler;
  /** Messages that may wait while one is worked on. */
  readonly queueLimit: number;
  readonly signal: AbortSignal;
  readonly onWaiting: (waiting: number) => void;
  readonly settle: (job: Job, failure: VoicePrintsError | undefined) => void;
}

/** Works on one message at a time, in order; the others wait. */
export class Lane {
  hasWorked = false;
  /** Messages whose work the signal interrupted. */
  readonly cutOff: Job[] = [];
  /** Resolves when nothing waits any more. */
  finished: Promise<void> = Promise.resolve();
  readonly #options: LaneOptions;
  readonly #waiting: Job[] = [];
  #isWorking = false;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  push(job: Job): void {
    const { queueLimit, onWaiting } = this.#options;
    if (this.#isWorking && this.#waiting.length >= queueLimit) {
      job.done(queueFull(queueLimit));
      return;
    }
    this.#waiting.push(job);
    if (this.#isWorking) onWaiting(this.#waiting.length);
    else this.finished = this.#work();
  }

  async #work(): Promise<void> {
    const { signal, onWaiting, settle } = this.#options;
    this.#isWorking = true;
    this.hasWorked = true;
    for (let job = this.#waiting.shift(); job; job = this.#waiting.shift()) {
      onWaiting(this.#waiting.length);
      const failure = await this.#failureOf(job);
      if (signal.aborted && failure) this.cutOff.push(job);
      else settle(job, failure);
    }
    this.#isWorking = false;
  }

  /** What the handler failed with; whatever it does ends here. */
  async #failureOf({ msg, send }: Job): Promise<VoicePrintsError | undefined> {
    const { handle, signal } = this.#options;
    try {
      if (signal.aborted) throw stopped();
      await handle(msg, send, signal);
      return undefined;
    } catch (thrown) {
      // An aborted stage may throw another error; the flow sees one code.
      return signal.aborted ? stopped() : asVoicePrintsError(thrown);
    }
  }
}

export const stopped = () =>
  new VoicePrintsError('ABORTED', 'the node was stopped before this message was done; send it again');

const queueFull = (limit: number) =>
  new VoicePrintsError(
    'ENGINE_BUSY',
    `${limit} messages are waiting at this node already and this one was dropped; send fewer at a time, or raise the node's queue limit`,
    { details: { queueLimit: limit } },
  );
