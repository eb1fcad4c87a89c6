import { asVoicePrintsError } from '../../src/index.js';
import { openUdp, type UdpSender, type UdpSenders } from '../../src/live.js';
import { carry } from '../shared/liveMessages.js';
import { udpSourceOf } from './liveSettings.js';
import type { SourceDriver, SourceNode } from './sourceDriver.js';

/** Voice satellites that send to one UDP port: each is a stream of its own. */
export class UdpDriver implements SourceDriver {
  readonly #own: SourceNode;
  readonly #streams = new Set<Promise<void>>();
  #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(own: SourceNode) {
    this.#own = own;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  async start(): Promise<void> {
    if (this.isRunning) return;
    const stopping = new AbortController();
    this.#stopping = stopping;
    this.#running = this.#run(stopping.signal).finally(() => {
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

  async #run(signal: AbortSignal): Promise<void> {
    const { node, settings, badge } = this.#own;
    const { source, sites } = udpSourceOf(settings);
    const { isRaw, rawEncoding: encoding, rawSampleRateHz: sampleRateHz, rawChannels: channels } = settings;
    const accepts = (address: string) => sites?.has(address) ?? true;
    try {
      const rawFormat = isRaw ? { rawFormat: { encoding, sampleRateHz, channels } } : {};
      const senders: UdpSenders = await openUdp({ ...source, ...rawFormat }, { signal, accepts });
      this.#badge();
      for await (const sender of senders) this.#take(sender, sites?.get(sender.address));
      await Promise.all(this.#streams);
      if (signal.aborted) badge.show({ status: 'ended' });
    } catch (thrown) {
      const { code, message } = asVoicePrintsError(thrown);
      if (signal.aborted) return badge.show({ status: 'ended' });
      node.warn(message);
      this.#own.sendState({ status: 'ended', code, message }, { source: this.#own.label('').source });
      badge.show({ status: 'ended', code, message });
    }
  }

  /** Carries a sender into the flow until it has been silent for long. */
  #take({ address, audio }: UdpSender, named: string | undefined): void {
    const { node, settings } = this.#own;
    // Several rooms in one: distinguished by the address where the settings do not name them.
    const site = named || (settings.site && `${settings.site}-${address}`);
    const label = this.#own.label(`${node.id}-${address}`, { sender: address, ...(site && { site }) });
    const out = this.#own.output(label, () => this.#badge());
    const ended = carry(audio, label, out, this.#stopping.signal).finally(() => {
      this.#streams.delete(ended);
      this.#badge();
    });
    this.#streams.add(ended);
    this.#badge();
  }

  #badge(): void {
    if (this.#stopping.signal.aborted) return;
    const { RED, badge } = this.#own;
    const senders = this.#streams.size;
    if (senders > 0) badge.words('green', 'dot', RED._('audio-source.status.senders', { senders }));
    else badge.words('green', 'ring', RED._('audio-source.status.waiting'));
  }
}
