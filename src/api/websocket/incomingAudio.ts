import { ENGINE_SAMPLE_RATE_HZ } from '../../core/audioFrame.js';
import { RAW_SAMPLE_BYTES, type RawFormat, VoicePrintsError } from '../../index.js';
import { OpusPackets, PushedAudio } from '../../live.js';
import { rawFormatOf } from '../calls/rawFormat.js';
import type { StreamPlace } from '../keptStreams/streamHead.js';
import type { Hello } from './protocol.js';

/** Amount of unprocessed audio beyond which the connection is paused. */
const HIGH_MS = 20_000;
/** Capacity of the source: must hold what arrives before the connection is paused. */
const HELD_MS = 120_000;

/** Incoming audio of one stream over connections that may break: counted, decoded, and paused when full. */
export class IncomingAudio implements Disposable {
  readonly source: PushedAudio;
  readonly #blockBytes: number;
  readonly #sampleRateHz: number;
  #samples: number;
  readonly #opus: OpusPackets | undefined;
  /** The first bytes of an incomplete sample. */
  #carry: Uint8Array = new Uint8Array(0);
  #position: number;
  /** Where each packet of Opus begins on the engine's clock, from the last settled one on. */
  #packets: StreamPlace[];

  private constructor(format: RawFormat, opus: OpusPackets | undefined, from: StreamPlace) {
    this.source = new PushedAudio({ ...format, bufferMs: HELD_MS, startSample: from.sample });
    this.#blockBytes = RAW_SAMPLE_BYTES[format.encoding] * format.channels;
    this.#sampleRateHz = format.sampleRateHz;
    this.#opus = opus;
    this.#position = from.position;
    this.#samples = opus ? from.sample : from.position;
    this.#packets = [from];
  }

  /**
   * @param from where the stream goes on, as `placeOf` gave it; by default it begins
   * @throws VoicePrintsError AUDIO_FORMAT_MISSING, AUDIO_RATE_INVALID, AUDIO_CHANNELS_INVALID, AUDIO_DECODER_MISSING
   */
  static async open(
    { encoding, sampleRate, channels }: Pick<Hello, 'encoding' | 'sampleRate' | 'channels'>,
    from: StreamPlace = { position: 0, sample: 0 },
  ): Promise<IncomingAudio> {
    if (/opus/i.test(encoding ?? '')) {
      const format = { encoding: 's16le', sampleRateHz: ENGINE_SAMPLE_RATE_HZ, channels: 1 } as const;
      return new IncomingAudio(format, await OpusPackets.open(), from);
    }
    const format = rawFormatOf({ encoding, sampleRate, channels });
    if (format !== undefined) return new IncomingAudio(format, undefined, from);
    throw new VoicePrintsError(
      'AUDIO_FORMAT_MISSING',
      'the hello must describe the audio; give encoding (s16le, mulaw, alaw or opus) and sampleRate',
    );
  }

  /** Number of complete samples of one channel, or Opus packets. */
  get position(): number {
    return this.#position;
  }

  /** Duration of all received audio. */
  get receivedMs(): number {
    return (this.#samples * 1000) / this.#sampleRateHz;
  }

  get bufferedMs(): number {
    return this.source.bufferedMs;
  }

  get isFull(): boolean {
    return this.source.bufferedMs > HIGH_MS;
  }

  /** The last place at or before a sample of the engine's clock from which a client can send on. Samples must not decrease. */
  placeOf(sample: number): StreamPlace {
    if (this.#opus) {
      const at = this.#packets.findLastIndex((packet) => packet.sample <= sample);
      if (at > 0) this.#packets = this.#packets.slice(at);
      return this.#packets[0]!;
    }
    const position = Math.min(this.#position, Math.floor((sample * this.#sampleRateHz) / ENGINE_SAMPLE_RATE_HZ));
    return { position, sample: Math.floor((position * ENGINE_SAMPLE_RATE_HZ) / this.#sampleRateHz) };
  }

  /** One binary message; after the end they are ignored. Throws AUDIO_CORRUPT. */
  push(message: Uint8Array): void {
    if (this.source.isOver) return;
    if (this.#opus) {
      const samples = this.#opus.decode(message);
      this.source.push(samples);
      this.#samples += samples.length / 2;
      this.#position += 1;
      this.#packets.push({ position: this.#position, sample: this.#samples });
      return;
    }
    const bytes = this.#carry.length > 0 ? Buffer.concat([this.#carry, message]) : message;
    const blocks = Math.floor(bytes.length / this.#blockBytes);
    this.#carry = bytes.slice(blocks * this.#blockBytes);
    this.#position += blocks;
    this.#samples += blocks;
    this.source.push(bytes.subarray(0, blocks * this.#blockBytes));
  }

  /** After a broken connection the client sends an incomplete sample again. */
  cut(): void {
    this.#carry = new Uint8Array(0);
  }

  [Symbol.dispose](): void {
    this.source.end();
    this.#opus?.[Symbol.dispose]();
  }
}
