import type { NodeMessageInFlow } from 'node-red';
import { allowedHosts } from '../../src/core/allowedHosts.js';
import { asVoicePrintsError } from '../../src/index.js';
import { type LiveSource, openLive } from '../../src/live.js';
import { carry } from '../shared/liveMessages.js';
import { workingDirectoryOf } from '../shared/recordingsOf.js';
import { evaluateText } from '../shared/typedProperty.js';
import type { SourceDriver, SourceNode } from './sourceDriver.js';
import { streamSourceOf } from './streamSource.js';

/** A camera, a radio, an RTP stream, a microphone, or a file played at its own pace: one stream at a time. */
export class StreamDriver implements SourceDriver {
  readonly #own: SourceNode;
  #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(own: SourceNode) {
    this.#own = own;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  async start(msg: NodeMessageInFlow): Promise<void> {
    if (this.isRunning) return;
    const stopping = new AbortController();
    this.#stopping = stopping;
    const source = await this.#source(msg);
    if (stopping.signal.aborted) return; // stopped meanwhile
    this.#running = this.#run(source, stopping.signal).finally(() => {
      this.#running = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async handle(): Promise<boolean> {
    return false;
  }

  async #run(source: LiveSource, signal: AbortSignal): Promise<void> {
    const { node, badge } = this.#own;
    const label = this.#own.label(node.id);
    const out = this.#own.output(label, (state) => {
      if (!signal.aborted) badge.show(state);
    });
    try {
      await carry(openLive(source, { signal, allowHosts: allowedHosts(process.env) }), label, out, signal);
    } catch (thrown) {
      const { code, message } = asVoicePrintsError(thrown);
      out.state({ status: 'ended', code, message });
    }
    if (signal.aborted) badge.show({ status: 'ended' });
  }

  #source(msg: NodeMessageInFlow): Promise<LiveSource> {
    const { RED, node, settings, credentials } = this.#own;
    return streamSourceOf(settings, {
      credentials,
      workingDirectory: workingDirectoryOf(RED),
      evaluate: (property, what) => evaluateText(RED, node, property, msg, what),
    });
  }
}
