import type { Node, NodeMessage, NodeMessageInFlow } from 'node-red';
import { asVoicePrintsError, VoicePrintsError } from '../../src/index.js';
import { failureBadge } from './badge.js';

export type Send = (msg: NodeMessage | Array<NodeMessage | NodeMessage[] | null>) => void;

/** What a node does with one message. It ends when the message is dealt with; `signal` fires when the node closes. */
export type Handler = (msg: NodeMessageInFlow, send: Send, signal: AbortSignal) => Promise<void>;

export interface BindOptions {
  /** Messages that may wait while one is worked on; the next one ends with ENGINE_BUSY. */
  readonly queueLimit?: number;
  /** Called whenever the number of waiting messages changes. */
  readonly onWaiting?: (waiting: number) => void;
}

export interface Binding {
  /** True from the first message on: then the badge tells of messages, and no longer of the store. */
  readonly hasWorked: boolean;
}

interface Job {
  readonly msg: NodeMessageInFlow;
  readonly send: Send;
  readonly done: (error?: Error) => void;
}

/** Recordings that may wait at one node unless its settings say otherwise. */
export const DEFAULT_QUEUE_LIMIT = 20;
/** Messages of streams that wait while one is looked at: each is quick work, but many streams may send at once. */
export const LIVE_QUEUE_LIMIT = 1_000;

/**
 * The Node-RED contract in one place: one message at a time in order, a bounded queue, every message ends in `done`
 * exactly once, `close` aborts what runs, then waits for it.
 */
export function bindNode(node: Node, handle: Handler, options: BindOptions = {}): Binding {
  const { queueLimit = DEFAULT_QUEUE_LIMIT, onWaiting = () => {} } = options;
  const closing = new AbortController();
  const waiting: Job[] = [];
  let isWorking = false;
  let hasWorked = false;
  let finished: Promise<void> = Promise.resolve();

  const work = async (): Promise<void> => {
    isWorking = true;
    hasWorked = true;
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      onWaiting(waiting.length);
      await settle(node, job, handle, closing.signal);
    }
    isWorking = false;
  };
  // Not `async`: Node-RED ignores a returned promise, and a rejected one would end its process.
  node.on('input', (msg, send, done) => {
    if (isWorking && waiting.length >= queueLimit) {
      done(queueFull(queueLimit));
      return;
    }
    waiting.push({ msg, send, done });
    if (isWorking) onWaiting(waiting.length);
    else finished = work();
  });
  node.on('close', (done: () => void) => {
    closing.abort();
    void Promise.allSettled([finished]).then(() => {
      node.status({});
      done();
    });
  });
  return {
    get hasWorked() {
      return hasWorked;
    },
  };
}

/** Whatever the handler does ends in the message's `done`. */
async function settle(node: Node, { msg, send, done }: Job, handle: Handler, signal: AbortSignal): Promise<void> {
  let failure: VoicePrintsError | undefined;
  try {
    if (signal.aborted) throw stopped();
    await handle(msg, send, signal);
  } catch (thrown) {
    // A stage that was aborted may say so in words of its own; the flow sees one code.
    failure = signal.aborted ? stopped() : asVoicePrintsError(thrown);
  }
  if (failure === undefined) {
    done();
    return;
  }
  if (!signal.aborted) node.status(failureBadge(failure.code));
  done(failure);
}

const stopped = () =>
  new VoicePrintsError('ABORTED', 'the node was stopped before this message was done; send it again');

const queueFull = (limit: number) =>
  new VoicePrintsError(
    'ENGINE_BUSY',
    `${limit} messages are waiting at this node already and this one was dropped; send fewer at a time, or raise the node's queue limit`,
    { details: { queueLimit: limit } },
  );
