import type { Node, NodeAPI, NodeMessageInFlow } from 'node-red';
import { asVoicePrintsError, type VoicePrintsError } from '../../src/index.js';
import { failureBadge } from './badge.js';
import { type Handler, type Job, Lane, type Send, stopped } from './lane.js';

export type { Handler, Send };

export interface BindOptions {
  /** Messages that may wait while one is worked on; the next one ends with ENGINE_BUSY. */
  readonly queueLimit?: number;
  /** Looks at every message before it may wait; true: there is nothing to do for it. What it throws ends the message. */
  readonly screen?: (msg: NodeMessageInFlow) => boolean;
  /** Called whenever the number of waiting messages changes. */
  readonly onWaiting?: (waiting: number) => void;
  /** Messages that another handler works on, beside the others and in a queue of their own. */
  readonly aside?: {
    readonly takes: (msg: NodeMessageInFlow) => boolean;
    readonly handle: Handler;
    readonly queueLimit: number;
  };
}

export interface Binding {
  /** True from the first message on: then the badge shows messages, and no longer the store. */
  readonly hasWorked: boolean;
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
  const lane = (work: Handler, limit: number, tell: (waiting: number) => void): Lane =>
    new Lane({
      handle: work,
      queueLimit: limit,
      signal: closing.signal,
      onWaiting: tell,
      settle: (job, failure) => settle(node, job, failure),
    });
  const main = lane(handle, queueLimit, onWaiting);
  const aside = options.aside && {
    ...options.aside,
    lane: lane(options.aside.handle, options.aside.queueLimit, () => {}),
  };
  const lanes = aside ? [main, aside.lane] : [main];
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
    (aside?.takes(msg) ? aside.lane : main).push({ msg, send, done });
  });
  node.on('close', (isRemoved: boolean, done: () => void) => {
    closing.abort();
    void Promise.allSettled(lanes.map(({ finished }) => finished)).then(() => {
      const cutOff = lanes.flatMap((one) => one.cutOff);
      if (isRemoved) for (const job of cutOff) job.done(stopped());
      else reportAfterDeploy(RED, node.id, cutOff);
      node.status({});
      done();
    });
  });
  return {
    get hasWorked() {
      return lanes.some(({ hasWorked }) => hasWorked);
    },
  };
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
