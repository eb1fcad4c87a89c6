import type { SampleSpan } from '../../core/audioFrame.js';
import { samplesOfMs } from '../../core/time.js';
import { HeldAudio } from '../../speech/heldAudio.js';
import { LiveLoudness } from '../../speech/liveLoudness.js';
import { withoutSilentEdges } from '../../speech/silentEdges.js';
import { HOP_SAMPLES, LIVE_SEGMENTER, SpeechSegmenter } from '../../speech/speechSegmenter.js';
import type { LiveBlock, VadState } from '../compute/compute.js';

/** Speech probability of each hop of a block; see Compute.detectSpeechIn. */
export interface DetectedBlock {
  readonly probabilities: Float32Array<ArrayBuffer>;
  readonly state: VadState;
}

/** Probabilities that are remembered: those of the longest speech with its padding. */
const REMEMBERED_HOPS = Math.ceil(samplesOfMs(LIVE_SEGMENTER.maxSpeechMs + 1_000) / HOP_SAMPLES);

/** Speech of one unbroken run of a live stream, found block by block. Holds the audio of speech that has not ended. */
export class LiveDetector {
  readonly #startSample: number;
  readonly #held: HeldAudio;
  readonly #segmenter = new SpeechSegmenter(LIVE_SEGMENTER);
  readonly #loudness = new LiveLoudness();
  /** Of the latest hops looked at, in turn: hop `n` is at `n % REMEMBERED_HOPS`. */
  readonly #probabilities = new Float32Array(REMEMBERED_HOPS);
  #state: VadState | undefined;
  #lookedSample: number;

  /** @param startSample of the run's first sample, on the stream's clock */
  constructor(startSample: number) {
    this.#startSample = startSample;
    this.#lookedSample = startSample;
    this.#held = new HeldAudio(startSample);
  }

  /** The sample after the last one appended. */
  get endSample(): number {
    return this.#held.endSample;
  }

  /** Whole hops of 32 ms that wait for the network. */
  get waitingHops(): number {
    return Math.floor((this.#held.endSample - this.#lookedSample) / HOP_SAMPLES);
  }

  append(samples: Float32Array): void {
    this.#held.append(samples);
  }

  /** The next hops for the network. */
  block(hops: number): LiveBlock {
    const samples = this.#held.copy(this.#lookedSample, this.#lookedSample + hops * HOP_SAMPLES);
    return { samples, state: this.#state };
  }

  /** Takes the network's answer to the block; returns the segments of speech that ended. */
  take({ probabilities, state }: DetectedBlock): SampleSpan[] {
    this.#state = state;
    const samples = this.#held.copy(this.#lookedSample, this.#lookedSample + probabilities.length * HOP_SAMPLES);
    const firstHop = (this.#lookedSample - this.#startSample) / HOP_SAMPLES;
    probabilities.forEach((probability, hop) => {
      this.#probabilities[(firstHop + hop) % REMEMBERED_HOPS] = probability;
      this.#loudness.add(powerOf(samples.subarray(hop * HOP_SAMPLES, (hop + 1) * HOP_SAMPLES)), probability);
    });
    this.#lookedSample += samples.length;
    return this.#segmenter.push(probabilities).map((span) => this.#onStream(span));
  }

  /** Signal-to-noise ratio in decibels of the open segment, or of the one that just ended; undefined where it cannot be estimated. */
  get snrDb(): number | undefined {
    return this.#loudness.snrDb;
  }

  /** Call when the last segment has been processed. */
  endSegment(): void {
    this.#loudness.restart();
  }

  /** The segment of speech that has not ended. */
  get openSpan(): SampleSpan | undefined {
    const span = this.#segmenter.openSpan;
    return span && this.#onStream(span);
  }

  /** The span without the part of its padding in which nothing is said. */
  heard({ startSample, endSample }: SampleSpan): SampleSpan {
    const span = { startSample: startSample - this.#startSample, endSample: endSample - this.#startSample };
    return this.#onStream(withoutSilentEdges(span, (hop) => this.#probabilities[hop % REMEMBERED_HOPS]!));
  }

  /** Ends the run; returns the segment still open. */
  flush(): SampleSpan[] {
    return this.#segmenter.flush(this.#lookedSample - this.#startSample).map((span) => this.#onStream(span));
  }

  /** A copy of the audio of a span that ended with the last answer, or has not. */
  audio({ startSample, endSample }: SampleSpan): Float32Array<ArrayBuffer> {
    return this.#held.copy(startSample, endSample);
  }

  /** The last `samples` up to the end of a span, or what there is of them in this run. */
  before(endSample: number, samples: number): SampleSpan {
    return { startSample: Math.max(this.#startSample, endSample - samples), endSample };
  }

  /** Everything before this sample is settled: no later segment reaches back to it. */
  get settledSample(): number {
    return this.#startSample + this.#segmenter.settledSample;
  }

  /** Drops audio that no later window contains, given the longest window and the look-back of overlap detection. */
  forget(windowSamples: number, lookBackSamples: number): void {
    const needed = Math.max(this.settledSample, this.#lookedSample - windowSamples);
    this.#held.dropBefore(Math.min(needed, this.#lookedSample - lookBackSamples));
  }

  #onStream({ startSample, endSample }: SampleSpan): SampleSpan {
    return { startSample: startSample + this.#startSample, endSample: endSample + this.#startSample };
  }
}

function powerOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum / samples.length;
}
