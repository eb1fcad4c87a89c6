import type { Node, NodeAPI, NodeMessage, NodeMessageInFlow } from 'node-red';
import { asVoicePrintsError, VoicePrintsError } from '../../src/index.js';
import { failureBadge } from './badge.js';

export type Send = (msg: NodeMessage | Array<NodeMessage | NodeMessage[] | null>) => void;

/** What a node does with one message. It ends when the message is dealt with; `signal` fires when the node closes. */
export type Handler = (msg: NodeMessageInFlow, send: Send, signal: AbortSignal) => Promise<void>;

export interface BindOptions {
  /** Messages that may wait while one is worked on; the next one ends with ENGINE_BUSY. */
  readonly queueLimit?: number;
  /** Looks at every message before it may wait; true: there is nothing to do for it. What it throws ends the message. */
  readonly screen?: (msg: NodeMessageInFlow) => boolean;
  /** Called whenever the number of waiting messages changes. */
  readonly onWaiting?: (waiting: number) => void;
}

export interface Binding {
  /** True from the first message on: then the badge shows messages, and no longer the store. */
  readonly hasWorked: boolean;
}

interface Job {
  readonly msg: NodeMessageInFlow;
  readonly send: Send;
  readonly done: (error?: Error) => void;
}

/** Default limit of recordings that wait at one node. */
export const DEFAULT_QUEUE_LIMIT = 20;
/** Messages of streams that wait while one is looked at: each is quick work, but many streams may send at once. */
export const LIVE_QUEUE_LIMIT = 1_000;

/**
 * The Node-RED contract in one place: one message at a time in order, a bounded queue, every message ends in `done`
 * exactly once, `close` aborts what runs, then waits for it. What a deploy cuts off is reported by the node's successor.
 */
export function bindNode(RED: NodeAPI, node: Node, handle: Handler, options: BindOptions = {}): Binding {
  const { queueLimit = DEFAULT_QUEUE_LIMIT, onWaiting = () => {}, screen = () => false } = options;
  const closing = new AbortController();
  const waiting: Job[] = [];
  let isWorking = false;
  let hasWorked = false;
  let finished: Promise<void> = Promise.resolve();
  const cutOff: Job[] = [];

  const work = async (): Promise<void> => {
    isWorking = true;
    hasWorked = true;
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      onWaiting(waiting.length);
      const failure = await failureOf(job, handle, closing.signal);
      if (closing.signal.aborted && failure) cutOff.push(job);
      else settle(node, job, failure);
    }
    isWorking = false;
  };
  // Not `async`: Node-RED ignores a returned promise, and a rejected one would end its process.
  node.on('input', (msg, send, done) => {
    try {
      if (screen(msg)) {
        done();
        return;
      }
    } catch (thrown) {
      settle(node, { msg, send, done }, asVoicePrintsError(thrown));
      return;
    }
    if (isWorking && waiting.length >= queueLimit) {
      done(queueFull(queueLimit));
      return;
    }
    waiting.push({ msg, send, done });
    if (isWorking) onWaiting(waiting.length);
    else finished = work();
  });
  node.on('close', (isRemoved: boolean, done: () => void) => {
    closing.abort();
    void Promise.allSettled([finished]).then(() => {
      if (isRemoved) for (const job of cutOff) job.done(stopped());
      else reportAfterDeploy(RED, node.id, cutOff);
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

/** What the handler failed with; whatever it does ends here. */
async function failureOf(
  { msg, send }: Job,
  handle: Handler,
  signal: AbortSignal,
): Promise<VoicePrintsError | undefined> {
  try {
    if (signal.aborted) throw stopped();
    await handle(msg, send, signal);
    return undefined;
  } catch (thrown) {
    // An aborted stage may throw another error; the flow sees one code.
    return signal.aborted ? stopped() : asVoicePrintsError(thrown);
  }
}

function settle(node: Node, { done }: Job, failure: VoicePrintsError | undefined): void {
  if (failure === undefined) {
    done();
    return;
  }
  node.status(failureBadge(failure.code));
  done(failure);
}

/**
 * A deploy may stop the Catch nodes beside this one, and whatever they are wired to: an error handed to them now would be
 * lost. The node that takes this one's place hands it on once all flows run.
 */
function reportAfterDeploy(RED: NodeAPI, nodeId: string, cutOff: readonly Job[]): void {
  if (cutOff.length === 0) return;
  RED.events.once('flows:started', () => {
    const successor = RED.nodes.getNode(nodeId) as Node | null;
    for (const { msg } of cutOff) successor?.error(stopped() as unknown as string, msg);
    if (!successor)
      RED.log.warn(`[${nodeId}] ${cutOff.length} messages were interrupted by a deploy and not processed`);
  });
}

const stopped = () =>
  new VoicePrintsError('ABORTED', 'the node was stopped before this message was done; send it again');

const queueFull = (limit: number) =>
  new VoicePrintsError(
    'ENGINE_BUSY',
    `${limit} messages are waiting at this node already and this one was dropped; send fewer at a time, or raise the node's queue limit`,
    { details: { queueLimit: limit } },
  );
