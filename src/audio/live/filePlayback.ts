import { setTimeout as sleep } from 'node:timers/promises';
import type { LiveFileSource } from '../../core/liveSource.js';
import { msOfSamples, samplesOfMs } from '../../core/time.js';
import type { DecoderOptions } from '../decoding/decoding.js';
import { openRecording } from '../openRecording.js';
import type { LiveConnection, TimedSamples } from './liveConnection.js';
import { LIVE_FRAME_MS } from './liveItems.js';

const PIECE_SAMPLES = samplesOfMs(LIVE_FRAME_MS);
/** It plays for as long as it lasts, and comes from a disk of ours. */
const NO_LIMITS = {
  maxBytes: Number.POSITIVE_INFINITY,
  maxDurationMs: Number.POSITIVE_INFINITY,
  maxDecodeMs: 2 ** 31 - 1,
};

/** A file in real time, decoded as recordings are: each chunk comes when its last sample would be played. */
export class FilePlayback implements LiveConnection {
  readonly failsForGood = true;
  readonly #source: LiveFileSource;
  readonly #options: DecoderOptions;
  #isNarrowBand: boolean | undefined;

  constructor(source: LiveFileSource, options: DecoderOptions) {
    this.#source = source;
    this.#options = options;
  }

  get isNarrowBand(): boolean | undefined {
    return this.#isNarrowBand;
  }

  async *connect(signal: AbortSignal): AsyncGenerator<TimedSamples> {
    const startedMs = performance.now();
    let played = 0;
    do {
      for await (const samples of this.#pieces(signal)) {
        played += samples.length;
        const waitMs = startedMs + msOfSamples(played) - performance.now();
        if (waitMs > 1) await sleep(waitMs, undefined, { signal });
        yield { samples };
      }
    } while (this.#source.isLooped);
  }

  async *#pieces(signal: AbortSignal): AsyncGenerator<Float32Array<ArrayBuffer>> {
    const { path, rawFormat } = this.#source;
    const source = { kind: 'file', path, ...(rawFormat && { rawFormat }) } as const;
    await using recording = await openRecording(source, NO_LIMITS, signal, this.#options);
    const { sampleRateHz } = recording.format;
    this.#isNarrowBand = sampleRateHz === undefined ? undefined : sampleRateHz < 16_000;
    for await (const { samples } of recording.frames()) {
      for (let at = 0; at < samples.length; at += PIECE_SAMPLES) yield samples.subarray(at, at + PIECE_SAMPLES);
    }
  }
}
