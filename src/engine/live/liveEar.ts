import type { SampleSpan } from '../../core/audioFrame.js';
import { HeldAudio } from '../../speech/heldAudio.js';
import { LiveLoudness } from '../../speech/liveLoudness.js';
import { HOP_SAMPLES, LIVE_SEGMENTER, SpeechSegmenter } from '../../speech/speechSegmenter.js';
import type { LivePiece, VadState } from '../compute/compute.js';

/** What the network says of a piece; see Compute.detectSpeechIn. */
export interface HeardPiece {
  readonly probabilities: Float32Array<ArrayBuffer>;
  readonly state: VadState;
}

/** Speech of one unbroken run of a live stream, found piece by piece. Holds the audio of speech that has not ended. */
export class LiveEar {
  readonly #startSample: number;
  readonly #held: HeldAudio;
  readonly #segmenter = new SpeechSegmenter(LIVE_SEGMENTER);
  readonly #loudness = new LiveLoudness();
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
  piece(hops: number): LivePiece {
    const samples = this.#held.copy(this.#lookedSample, this.#lookedSample + hops * HOP_SAMPLES);
    return { samples, state: this.#state };
  }

  /** Takes the network's answer to the piece; returns the stretches of speech that ended. */
  hear({ probabilities, state }: HeardPiece): SampleSpan[] {
    this.#state = state;
    const samples = this.#held.copy(this.#lookedSample, this.#lookedSample + probabilities.length * HOP_SAMPLES);
    probabilities.forEach((probability, hop) => {
      this.#loudness.hear(powerOf(samples.subarray(hop * HOP_SAMPLES, (hop + 1) * HOP_SAMPLES)), probability);
    });
    this.#lookedSample += samples.length;
    return this.#segmenter.push(probabilities).map((span) => this.#onStream(span));
  }

  /** Speech over noise of the stretch under way, or of one that just ended, in decibels; undefined where nobody can tell. */
  get snrDb(): number | undefined {
    return this.#loudness.snrDb;
  }

  /** Call when a stretch of speech is done with. */
  endStretch(): void {
    this.#loudness.restart();
  }

  /** Speech under way. */
  get openSpan(): SampleSpan | undefined {
    const span = this.#segmenter.openSpan;
    return span && this.#onStream(span);
  }

  /** Ends the run; returns the stretch still open. */
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

  /** Lets go of what no later window can reach, given the longest window, and how far back else is looked. */
  forget(windowSamples: number, lookBackSamples: number): void {
    const settled = this.#startSample + this.#segmenter.settledSample;
    const needed = Math.max(settled, this.#lookedSample - windowSamples);
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
