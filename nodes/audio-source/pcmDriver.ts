import type { NodeMessageInFlow } from 'node-red';
import { VoicePrintsError } from '../../src/index.js';
import { PushedAudio } from '../../src/live.js';
import type { Command } from '../shared/liveCommand.js';
import { carry } from '../shared/liveMessages.js';
import { bytesOf, describe, describeAs } from '../shared/recordingsOf.js';
import { evaluate, located } from '../shared/typedProperty.js';
import type { SourceDriver, SourceNode } from './sourceDriver.js';

/** A stream without messages for this long has ended. */
const IDLE_MS = 30_000;

interface PushedStream {
  readonly audio: PushedAudio;
  readonly stopping: AbortController;
  readonly ended: Promise<void>;
  idle: NodeJS.Timeout | undefined;
}

/** Pieces of audio that other nodes send: samples without a header, telephone audio, or WAV pieces. A stream a topic. */
export class PcmDriver implements SourceDriver {
  readonly #own: SourceNode;
  readonly #streams = new Map<string, PushedStream>();

  constructor(own: SourceNode) {
    this.#own = own;
    this.#badge();
  }

  get isRunning(): boolean {
    return this.#streams.size > 0;
  }

  async start(): Promise<void> {
    // It starts with the first piece.
  }

  async stop(): Promise<void> {
    const streams = [...this.#streams.values()];
    for (const { audio, stopping } of streams) {
      audio.end();
      stopping.abort();
    }
    await Promise.all(streams.map(({ ended }) => ended));
  }

  async handle(msg: NodeMessageInFlow, _command: Command | undefined): Promise<boolean> {
    const { RED, node, settings } = this.#own;
    const property = { value: settings.property, type: settings.propertyType };
    const value = await evaluate(RED, node, property, msg);
    const given = msg.audio as { streamId?: unknown; isEnd?: unknown } | undefined;
    const streamId = `${node.id}-${given?.streamId ?? msg.topic ?? ''}`;
    const about = settings.isRaw ? rawFormat(settings) : describeAs(value, describe(msg.audio, 0));
    const bytes = bytesOf(value, about);
    if (bytes && bytes.length > 0) this.#push(streamId, bytes, about);
    if (given?.isEnd || (bytes && bytes.length === 0)) this.#streams.get(streamId)?.audio.end();
    if (bytes || given?.isEnd) return true;
    throw new VoicePrintsError(
      'INPUT_INVALID',
      `there is no audio in ${located(property)}; send Buffers, or stop, or {action: "stop"}`,
    );
  }

  #push(streamId: string, bytes: Uint8Array, format: ReturnType<typeof describe>): void {
    const stream = this.#streams.get(streamId) ?? this.#open(streamId, format);
    clearTimeout(stream.idle);
    stream.idle = setTimeout(() => stream.audio.end(), IDLE_MS);
    stream.audio.push(bytes);
  }

  #open(streamId: string, format: ReturnType<typeof describe>): PushedStream {
    const label = this.#own.label(streamId);
    const audio = new PushedAudio(format.encoding ? { ...format } : {});
    const stopping = new AbortController();
    const out = this.#own.output(label, () => this.#badge());
    const ended = carry(audio, label, out, stopping.signal).then(() => {
      clearTimeout(stream.idle);
      if (this.#streams.get(streamId) === stream) this.#streams.delete(streamId);
      this.#badge();
    });
    const stream: PushedStream = { audio, stopping, ended, idle: undefined };
    this.#streams.set(streamId, stream);
    return stream;
  }

  #badge(): void {
    const { RED, badge } = this.#own;
    const streams = this.#streams.size;
    if (streams > 0) badge.words('green', 'dot', RED._('audio-source.status.streams', { streams }));
    else badge.words('grey', 'ring', RED._('audio-source.status.waiting'));
  }
}

const rawFormat = ({ rawEncoding, rawSampleRateHz, rawChannels }: SourceNode['settings']) => ({
  encoding: rawEncoding,
  sampleRateHz: rawSampleRateHz,
  channels: rawChannels,
});
