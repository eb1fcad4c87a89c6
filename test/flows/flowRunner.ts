import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node, NodeMessageInFlow } from 'node-red';
import audioSource from '../../nodes/audio-source/audio-source.js';
import enrollSpeaker from '../../nodes/enroll-speaker/enroll-speaker.js';
import identifySpeakers from '../../nodes/identify-speakers/identify-speakers.js';
import speakerRegistry from '../../nodes/speaker-registry/speaker-registry.js';
import speakerStore from '../../nodes/speaker-store/speaker-store.js';

/** The part of node-red-node-test-helper (which brings no types) that is used here. */
interface TestHelper {
  init(runtimePath: string): void;
  settings(settings: object): void;
  load(registers: readonly unknown[], flow: readonly object[], credentials: Credentials): Promise<void>;
  getNode(id: string): Node;
  unload(): Promise<void>;
}

export type Message = NodeMessageInFlow & { readonly payload?: unknown };
export type Credentials = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The store of most flows; `z` puts every node on one tab, so that Catch hears them. */
export const STORE = { id: 'store', type: 'speaker-store', version: 1 };
export const TAB = { id: 'tab', type: 'tab', label: 'test' };

const require = createRequire(import.meta.url);
const helper = require('node-red-node-test-helper') as TestHelper;
helper.init(require.resolve('node-red'));

/** Runs flows with the real nodes and engine inside the test's process. Each has a user directory of its own. */
export class FlowRunner implements AsyncDisposable {
  readonly userDir = mkdtempSync(join(tmpdir(), 'voice-prints-flow-'));

  async load(nodes: readonly object[], credentials: Credentials = {}): Promise<void> {
    helper.settings({ userDir: this.userDir, fileWorkingDirectory: this.userDir });
    const flow = [TAB, STORE, ...nodes.map((node) => ({ z: 'tab', x: 100, y: 100, ...node }))];
    const registers = [speakerStore, audioSource, enrollSpeaker, identifySpeakers, speakerRegistry];
    await helper.load(registers, flow, credentials);
  }

  node(id: string): Node {
    return helper.getNode(id);
  }

  /** The next message that reaches a helper node. */
  next(id: string): Promise<Message> {
    return new Promise((resolve) => {
      this.node(id).once('input', (msg: Message) => resolve(msg));
    });
  }

  /** Every message that reaches a helper node from now on. */
  collect(id: string): Message[] {
    const messages: Message[] = [];
    this.node(id).on('input', (msg) => void messages.push(msg as Message));
    return messages;
  }

  /** Badges that a node shows from now on. */
  badges(id: string): { fill?: string; shape?: string; text?: string }[] {
    const shown: { fill?: string; shape?: string; text?: string }[] = [];
    this.node(id).on('call:status' as 'input', ((call: { args: [object] }) => void shown.push(call.args[0])) as never);
    return shown;
  }

  /** Stops the flow; Node-RED would log a node that does not close in time. */
  async stop(): Promise<void> {
    await helper.unload();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.userDir, { recursive: true, force: true });
  }
}
