import type { Recording } from '../../audio/recording.js';
import { type AudioFrame, ENGINE_SAMPLE_RATE_HZ } from '../../core/audioFrame.js';
import { samplesOfMs } from '../../core/time.js';
import { isLowRate } from './identifyRecording.js';

/** Audio of a stream that is identified together: of one chunk, or of several short ones. */
export interface JoinedAudio {
  /** On the clock of the stream. */
  readonly startSample: number;
  /** Frames that count from 0. */
  readonly frames: AsyncIterable<AudioFrame>;
  readonly isLowRate: boolean;
}

interface Held {
  readonly startSample: number;
  readonly endSample: number;
  readonly pieces: readonly Float32Array<ArrayBuffer>[];
  readonly isLowRate: boolean;
}

/** Offsets that clients give are rounded: chunks this close follow each other. */
const NEAR_SAMPLES = samplesOfMs(50);

/**
 * Keeps chunks that are too short to find speech in (a network that detects it wants a quarter of a second at least), until those
 * that follow make up enough. Every call returns what is to be identified now, in order.
 */
export class ShortChunks {
  readonly #leastSamples: number;
  #held: Held | undefined;

  /** @param leastMs chunks shorter than this are kept; 0 keeps none */
  constructor(leastMs: number) {
    this.#leastSamples = samplesOfMs(leastMs);
  }

  /** End of what is kept; undefined where nothing is. */
  get endSample(): number | undefined {
    return this.#held?.endSample;
  }

  /** What was kept, and is to be identified although nothing follows it. */
  take(): JoinedAudio[] {
    const held = this.#held;
    this.#held = undefined;
    return held ? [{ ...held, frames: framesOf(held.pieces) }] : [];
  }

  /** Throws what the decoder throws; the chunk is then left out, and what was kept stays. */
  async add(recording: Recording, startSample: number): Promise<JoinedAudio[]> {
    const before = this.#held && Math.abs(this.#held.endSample - startSample) <= NEAR_SAMPLES ? this.#held : undefined;
    const frames = recording.frames();
    const pieces = [...(before?.pieces ?? [])];
    let samples = before ? before.endSample - before.startSample : 0;
    const isLow = isLowRate(recording) || before?.isLowRate === true;
    const start = before?.startSample ?? startSample;
    while (samples < this.#leastSamples) {
      const next = await frames.next();
      if (next.done) {
        const apart = before ? [] : this.take();
        this.#held = { startSample: start, endSample: start + samples, pieces, isLowRate: isLow };
        return apart;
      }
      pieces.push(next.value.samples);
      samples += next.value.samples.length;
    }
    const apart = before ? [] : this.take();
    this.#held = undefined;
    return [...apart, { startSample: start, frames: framesOf(pieces, frames), isLowRate: isLow }];
  }
}

/** Frames that count from 0: pieces, and what follows them. */
async function* framesOf(
  pieces: readonly Float32Array<ArrayBuffer>[],
  rest?: AsyncIterable<AudioFrame>,
): AsyncGenerator<AudioFrame> {
  let startSample = 0;
  for (const samples of pieces) {
    yield { samples, sampleRateHz: ENGINE_SAMPLE_RATE_HZ, startSample };
    startSample += samples.length;
  }
  if (!rest) return;
  for await (const frame of rest) {
    yield { ...frame, startSample };
    startSample += frame.samples.length;
  }
}
