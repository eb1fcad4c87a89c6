import type { NodeMessageInFlow } from 'node-red';
import { asVoicePrintsError, VoicePrintsError } from '../../src/index.js';
import { openSip, type SipCall, type SipEndpoint, type SipState, type StreamState } from '../../src/live.js';
import { isErrorCode } from '../shared/badge.js';
import { type Command, textOf } from '../shared/liveCommand.js';
import { carry, type StreamLabel } from '../shared/liveMessages.js';
import { workingDirectoryOf } from '../shared/recordingsOf.js';
import { certificatesOf, sipConfigOf } from './liveSettings.js';
import type { SourceDriver, SourceNode } from './sourceDriver.js';

/** A receive-only SIP telephone: every call is a separate stream. */
export class SipDriver implements SourceDriver {
  readonly #own: SourceNode;
  readonly #calls = new Map<string, { readonly call: SipCall; readonly ended: Promise<void> }>();
  #stopping = new AbortController();
  #endpoint: SipEndpoint | undefined;
  #running: Promise<void> | undefined;
  #state: SipState = { status: 'registering' };

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
    const { RED, settings, credentials } = this.#own;
    const certificates = await certificatesOf(settings, process.env, workingDirectoryOf(RED));
    if (stopping.signal.aborted || this.isRunning) return; // stopped or started meanwhile
    const config = sipConfigOf(settings, credentials, certificates);
    this.#running = this.#run(config, stopping.signal).finally(() => {
      this.#running = undefined;
      this.#endpoint = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async handle(_msg: NodeMessageInFlow, command: Command | undefined): Promise<boolean> {
    if (command?.action === 'call') {
      await this.#call(textOf(command, 'target') ?? this.#own.settings.sipTarget);
      return true;
    }
    if (command?.action === 'hangup') {
      const streamId = textOf(command, 'streamId', 'stream_id');
      const meant = [...this.#calls].filter(([id]) => streamId === undefined || id === streamId);
      await Promise.all(meant.map(([, { call }]) => call.hangUp()));
      return true;
    }
    return false;
  }

  async #run(config: Parameters<typeof openSip>[0], signal: AbortSignal): Promise<void> {
    try {
      const endpoint = await openSip(config, { signal });
      this.#endpoint = endpoint;
      const states = this.#states(endpoint).catch((thrown) => this.#failed(thrown));
      if (this.#own.settings.sipTarget) this.#call(this.#own.settings.sipTarget).catch((error) => this.#failed(error));
      for await (const call of endpoint) this.#take(call);
      await Promise.all([states, ...[...this.#calls.values()].map(({ ended }) => ended)]);
      await endpoint[Symbol.asyncDispose]();
      if (signal.aborted) this.#own.badge.show({ status: 'ended' });
    } catch (thrown) {
      if (signal.aborted) this.#own.badge.show({ status: 'ended' });
      else this.#failed(thrown);
    }
  }

  async #states(endpoint: SipEndpoint): Promise<void> {
    for await (const state of endpoint.states) {
      if (state.status === 'refused') {
        this.#refused(state);
        continue;
      }
      this.#state = state;
      const { retryInMs, ...report } = { retryInMs: undefined, ...state };
      const retry = retryInMs === undefined ? {} : { retry_in_seconds: retryInMs / 1000 };
      this.#own.sendState({ ...report, ...retry }, { source: this.#own.label('').source });
      this.#badge();
    }
  }

  /** Scanners are refused all the time; a caller who could have been answered is worth a line of the log. */
  #refused({ remote, ...report }: Extract<SipState, { readonly status: 'refused' }>): void {
    if (report.code !== 'SIP_CALL_REFUSED') this.#own.node.warn(report.message);
    this.#own.sendState(report, { source: this.#own.label('').source, call: { direction: 'incoming', ...remote } });
  }

  async #call(target: string): Promise<void> {
    if (target === '') {
      throw new VoicePrintsError(
        'INPUT_INVALID',
        'no address to call was given; send {action: "call", target: "sip:…"}',
      );
    }
    if (!this.#endpoint) {
      throw new VoicePrintsError('INPUT_INVALID', 'the SIP endpoint is not running; start it before calling');
    }
    this.#take(await this.#endpoint.call(target, { signal: this.#stopping.signal }));
  }

  /** Carries a call into the flow until it ends. */
  #take(call: SipCall): void {
    const { direction, remote } = call;
    const label = this.#own.label(`${this.#own.node.id}-${call.id}`, { call: { direction, ...remote } });
    const out = this.#own.output(label, () => this.#badge());
    const audio = carry(call.audio, label, out, this.#stopping.signal);
    const ended = Promise.all([audio, this.#listen(call, label)])
      .catch((thrown) => this.#failed(thrown))
      .then(() => {
        this.#calls.delete(label.streamId);
        this.#badge();
      });
    this.#calls.set(label.streamId, { call, ended });
    this.#badge();
  }

  /** Keys and the end; hold and resume are states of the audio. */
  async #listen({ events }: SipCall, label: StreamLabel): Promise<void> {
    for await (const event of events) {
      const timestamp = new Date(event.timestampMs).toISOString();
      if (event.type === 'digit') this.#own.sendState({ event: 'digit', digit: event.digit, timestamp }, label);
      if (event.type === 'answered') this.#own.sendState({ event: 'answered', timestamp }, label);
      if (event.type === 'ended') {
        const code = event.code === undefined ? {} : { code: event.code };
        this.#own.sendState({ event: 'hangup', end: event.end, ...code, timestamp }, label);
      }
    }
  }

  #failed(thrown: unknown): void {
    const { code, message } = asVoicePrintsError(thrown);
    this.#own.node.warn(message);
    this.#own.sendState({ status: 'failed', code, message }, { source: this.#own.label('').source });
    this.#own.badge.show({ status: 'ended', code, message });
  }

  #badge(): void {
    if (this.#stopping.signal.aborted) return;
    const { RED, badge } = this.#own;
    const calls = this.#calls.size;
    const text = (key: string) => RED._(`audio-source.status.${key}`, { calls });
    if (calls > 0) badge.words('green', 'dot', text('calls'));
    else if (this.#state.status === 'failed') badge.show(failed(this.#state.code));
    else badge.words(this.#state.status === 'registering' ? 'yellow' : 'green', 'ring', text(this.#state.status));
  }
}

const failed = (code: string): StreamState => ({ status: 'ended', code: isErrorCode(code) ? code : 'INTERNAL' });
