import { ENGINE_SAMPLE_RATE_HZ } from '../../core/audioFrame.js';
import { VoicePrintsError } from '../../core/errors.js';
import type { LiveAudio, LiveItem, StreamState } from '../../core/live.js';
import type { RawFormat } from '../../core/recording.js';
import { msOfSamples, samplesOfMs } from '../../core/time.js';
import { text } from '../headers/bytes.js';
import { isMpegAudio } from '../headers/mpegHeader.js';
import { wavHeaderOf } from '../headers/wavHeader.js';
import type { PcmLayout } from '../samples/pcm.js';
import { containerInstead } from '../sniff.js';
import { LiveItems } from './liveItems.js';
import { PcmConverter } from './pipeline/pcmConverter.js';

const DEFAULT_BUFFER_MS = 30_000;

export interface PushedAudioOptions extends Partial<RawFormat> {
  /** Audio held at most for a listener that is slow; beyond, the oldest is dropped and counted. 30,000 by default. */
  readonly bufferMs?: number;
  /** Position of the first sample on the clock of the stream, for one that goes on here. 0 by default. */
  readonly startSample?: number;
  /** Ends the stream as `end` does, at once. */
  readonly signal?: AbortSignal;
}

/**
 * Live audio that others bring: messages, gRPC, a WebSocket, a pipe. The pieces are one stream, cut anywhere: no clicks
 * where they meet. A chunk may begin with its own WAV header, which applies until its data are complete.
 */
export class PushedAudio implements LiveAudio {
  readonly #items: LiveItems;
  readonly #layout: PcmLayout | undefined;
  #converter: PcmConverter | undefined;
  /** Bytes that the last WAV header still promises; Infinity where it named no length. */
  #wavBytesLeft = 0;
  #nextSample: number;
  #startedAtMs: number | undefined;
  #hasEnded = false;

  /** Without a format only WAV pieces can be pushed. Throws AUDIO_RATE_INVALID, AUDIO_CHANNELS_INVALID. */
  constructor(options: PushedAudioOptions) {
    const { encoding, sampleRateHz, channels, bufferMs = DEFAULT_BUFFER_MS, startSample = 0, signal } = options;
    this.#nextSample = startSample;
    this.#items = new LiveItems(bufferMs);
    if (encoding) {
      this.#layout = { codec: encoding, sampleRateHz: sampleRateHz ?? ENGINE_SAMPLE_RATE_HZ, channels: channels ?? 1 };
      this.#converter = new PcmConverter(this.#layout);
    }
    this.#items.pushState({ status: 'connecting' });
    if (signal?.aborted) this.end();
    else signal?.addEventListener('abort', () => this.end(), { once: true });
  }

  get startedAtMs(): number | undefined {
    return this.#startedAtMs;
  }

  get isNarrowBand(): boolean | undefined {
    const rateHz = this.#converter?.layout.sampleRateHz;
    return rateHz === undefined ? undefined : rateHz < ENGINE_SAMPLE_RATE_HZ;
  }

  /** Whether nothing can be pushed any more: it was ended, or has no reader. */
  get isOver(): boolean {
    return this.#hasEnded;
  }

  /** Audio that waits for the reader, so that the sender may slow down. */
  get bufferedMs(): number {
    return this.#items.bufferedMs;
  }

  /**
   * The next bytes; after `end` they are ignored. Throws AUDIO_FORMAT_MISSING, AUDIO_CORRUPT (also for a container where
   * samples were announced), AUDIO_FORMAT_UNSUPPORTED,
   * AUDIO_RATE_INVALID and AUDIO_CHANNELS_INVALID; the stream then continues with the next chunk.
   */
  push(bytes: Uint8Array): void {
    if (this.#hasEnded || bytes.length === 0) return;
    if (isWav(bytes)) {
      this.#pushWav(bytes);
      return;
    }
    if (this.#wavBytesLeft === 0) this.#assertSamples(bytes);
    this.#pushSamples(bytes);
  }

  /** Files and streams of a container would become noise. */
  #assertSamples(bytes: Uint8Array): void {
    const isFirst = this.#startedAtMs === undefined;
    const container = containerInstead(bytes) ?? (isFirst && isMpegAudio(bytes) ? 'mp3' : undefined);
    if (container === undefined) return;
    throw new VoicePrintsError(
      'AUDIO_CORRUPT',
      `these bytes are ${container}, not the bare samples that were announced; decode them first, or send WAV`,
    );
  }

  #pushSamples(bytes: Uint8Array): void {
    const promised = this.#wavBytesLeft;
    if (promised === 0) this.#use(this.#layout);
    const own = bytes.subarray(0, promised || bytes.length); // what follows the data of a WAV is no sound
    this.#wavBytesLeft = Math.max(0, promised - own.length);
    this.#convert(own);
  }

  /** Missing audio: the time line skips it. */
  gap(ms: number): void {
    if (this.#hasEnded || !(ms > 0)) return;
    this.#drain();
    this.#nextSample += samplesOfMs(ms);
  }

  /** A state reported by the sender, after all audio so far: lost, on hold, back again. */
  pushState(state: StreamState): void {
    if (this.#hasEnded) return;
    this.#drain();
    this.#items.pushState(state);
  }

  /** The end, or a failure that ends it. Queued audio is still read. */
  end(failure?: VoicePrintsError): void {
    if (this.#hasEnded) return;
    this.#drain();
    this.#hasEnded = true;
    this.#items.pushState({ status: 'ended', ...(failure && { code: failure.code, message: failure.message }) });
    this.#items.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LiveItem> {
    try {
      yield* this.#items;
    } finally {
      this.#hasEnded = true; // no reader any more
    }
  }

  #pushWav(bytes: Uint8Array): void {
    const { layout, dataStart, dataBytes } = wavHeaderOf(bytes);
    if (!layout) {
      throw new VoicePrintsError(
        'AUDIO_FORMAT_UNSUPPORTED',
        'the WAV piece holds compressed samples, which cannot be streamed; send PCM, mu-law or A-law',
      );
    }
    this.#use(layout);
    const data = bytes.subarray(dataStart, dataBytes === undefined ? undefined : dataStart + dataBytes);
    this.#wavBytesLeft = (dataBytes ?? Number.POSITIVE_INFINITY) - data.length;
    this.#convert(data);
  }

  /** Keeps the current converter where the layout is the same: chunks of one stream join without a seam. */
  #use(layout: PcmLayout | undefined): void {
    if (!layout) {
      throw new VoicePrintsError(
        'AUDIO_FORMAT_MISSING',
        'these are bytes without a header; name their encoding (s16le, mulaw or alaw), sampleRate and channels, or send WAV',
      );
    }
    const current = this.#converter?.layout;
    const isSame =
      current?.codec === layout.codec &&
      current.sampleRateHz === layout.sampleRateHz &&
      current.channels === layout.channels;
    if (isSame) return;
    const next = new PcmConverter(layout);
    this.#drain();
    this.#converter = next;
  }

  #convert(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const isFirst = this.#startedAtMs === undefined;
    if (isFirst) this.#items.pushState({ status: 'open' });
    for (const samples of this.#converter!.push(bytes)) this.#give(samples);
    if (isFirst) this.#startedAtMs = Date.now() - msOfSamples(this.#nextSample); // its last sample was recorded just now
  }

  /** Ends a run of samples: the filter's rest comes out, a sample cut in the middle is lost. */
  #drain(): void {
    const converter = this.#converter;
    if (!converter) return;
    this.#give(converter.flush());
    this.#items.flush();
    this.#converter = new PcmConverter(converter.layout);
  }

  #give(samples: Float32Array): void {
    if (samples.length === 0) return;
    this.#items.push(samples, this.#nextSample);
    this.#nextSample += samples.length;
  }
}

const isWav = (bytes: Uint8Array): boolean => {
  if (bytes.length < 12) return false;
  const isRiff = ['RIFF', 'RF64', 'BW64'].includes(text(bytes, 0, 4));
  return isRiff && text(bytes, 8, 12) === 'WAVE';
};
