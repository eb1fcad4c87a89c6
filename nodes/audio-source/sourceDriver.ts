import type { Node, NodeAPI, NodeMessage, NodeMessageInFlow } from 'node-red';
import type { StreamState } from '../../src/live.js';
import type { Command } from '../shared/liveCommand.js';
import { type StreamLabel, type StreamOutput, statePayload } from '../shared/liveMessages.js';
import type { AudioSettings } from './audioSettings.js';
import type { SourceCredentials } from './liveSettings.js';
import { type SourceBadge, sourceBadge } from './sourceBadge.js';

/** One kind of live source behind the node. Nothing it does ends Node-RED: what fails becomes a state. */
export interface SourceDriver {
  readonly isRunning: boolean;
  /** Resolves once it has begun; does nothing where it runs already. */
  start(msg: NodeMessageInFlow): Promise<void>;
  /** Resolves once every child and socket is gone. */
  stop(): Promise<void>;
  /** A command of this kind of source, or audio; false for anything else. */
  handle(msg: NodeMessageInFlow, command: Command | undefined): Promise<boolean>;
}

/** What every driver needs of its node. */
export class SourceNode {
  readonly RED: NodeAPI;
  readonly node: Node<SourceCredentials>;
  readonly settings: AudioSettings;
  readonly badge: SourceBadge;

  constructor(RED: NodeAPI, node: Node<SourceCredentials>, settings: AudioSettings) {
    this.RED = RED;
    this.node = node;
    this.settings = settings;
    this.badge = sourceBadge(RED, node);
  }

  get credentials(): SourceCredentials {
    return this.node.credentials ?? {};
  }

  label(streamId: string, more: Partial<StreamLabel> = {}): StreamLabel {
    const { site } = this.settings;
    return { streamId, source: this.node.name || this.settings.mode, ...(site && { site }), ...more };
  }

  /** Audio to the first output, states to the second; `onState` decides what the badge shows. */
  output(label: StreamLabel, onState: (state: StreamState) => void): StreamOutput {
    return {
      audio: (msg) => this.node.send([msg, null]),
      state: (state) => {
        onState(state);
        // Once for each fault, however often it is tried again.
        const isNew = state.status === 'ended' || state.attempt === 1;
        if (state.code && isNew) this.node.warn(state.message ?? state.code);
        this.sendState(statePayload(state), label);
      },
      dropped: (seconds) => {
        this.badge.dropped(seconds);
        this.sendState({ dropped_seconds: Math.round(seconds * 1000) / 1000 }, label);
      },
    };
  }

  /** A message on the second output. */
  sendState(payload: object, audio: Partial<StreamLabel>): void {
    this.node.send([null, { payload, audio } as NodeMessage]);
  }
}
