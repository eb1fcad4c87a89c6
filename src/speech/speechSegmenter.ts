import type { SampleSpan } from '../core/audioFrame.js';
import { samplesOfMs } from '../core/time.js';

/** Samples between two speech probabilities: 32 ms. */
export const HOP_SAMPLES = 512;

/** How probabilities become speech. */
export interface SegmenterOptions {
  /** Speech begins at or above this probability. */
  readonly onProbability: number;
  /** Speech continues at or above this probability; below `onProbability`, so that it does not flicker. */
  readonly offProbability: number;
  /** Shorter speech is dropped: clicks, coughs. */
  readonly minSpeechMs: number;
  /** Pauses up to this long belong to the speech around them. */
  readonly hangOverMs: number;
  /** Added at both ends, where onsets and endings are faint; at most half of `hangOverMs`. */
  readonly padMs: number;
  /** Longer speech is cut where it is least like speech, so that memory stays bounded. */
  readonly maxSpeechMs: number;
  /** Where it is cut, at most this long before what was heard last; undefined: in its second half. */
  readonly cutWithinMs?: number;
}

/** Silero's own thresholds, for wide-band audio. */
export const WIDE_BAND_SEGMENTER: SegmenterOptions = {
  onProbability: 0.5,
  offProbability: 0.35,
  minSpeechMs: 250,
  hangOverMs: 200,
  padMs: 50,
  maxSpeechMs: 30_000,
};

/** Telephone speech looks less like speech to the network; measured on telephone conversations: missed speech 9.2 -> 5.6 %. */
export const NARROW_BAND_SEGMENTER: SegmenterOptions = {
  ...WIDE_BAND_SEGMENTER,
  onProbability: 0.3,
  offProbability: 0.2,
};

/** Live streams, of either bandwidth: pauses within a breath are bridged, and faint onsets and endings belong to the turn. */
export const LIVE_SEGMENTER: SegmenterOptions = {
  ...NARROW_BAND_SEGMENTER,
  hangOverMs: 300,
  padMs: 150,
  cutWithinMs: 1_000, // older audio is not held any more
};

/** Speech being collected, in hops. */
interface OpenSpeech {
  readonly startHop: number;
  /** The hop after the last one at or above `offProbability`. */
  voicedEndHop: number;
  /** True where it continues speech that was cut: no padding, and no shortest length. */
  readonly isContinued: boolean;
}

/**
 * Turns the speech probabilities of one stream into spans of speech, in order and never overlapping.
 * Pure bookkeeping: push probabilities as they come, `flush` at the end.
 */
export class SpeechSegmenter {
  readonly #options: SegmenterOptions;
  readonly #hangOverHops: number;
  readonly #maxHops: number;
  readonly #pad: number;
  #hop = 0;
  #open: OpenSpeech | undefined;
  /** Probabilities since the open speech began: only these are remembered. */
  #probabilities: number[] = [];
  #lastEndSample = 0;

  constructor(options: SegmenterOptions) {
    this.#options = options;
    this.#hangOverHops = Math.max(1, Math.round(samplesOfMs(options.hangOverMs) / HOP_SAMPLES));
    this.#maxHops = Math.max(2, Math.floor(samplesOfMs(options.maxSpeechMs) / HOP_SAMPLES));
    this.#pad = Math.min(samplesOfMs(options.padMs), (this.#hangOverHops * HOP_SAMPLES) / 2);
  }

  /** Everything before this sample is settled: no later span reaches back to it. */
  get settledSample(): number {
    const from = (this.#open ? this.#open.startHop : this.#hop) * HOP_SAMPLES - this.#pad;
    return Math.max(this.#lastEndSample, from, 0);
  }

  /** Speech under way, long enough not to be dropped: from its start, padded, to the last hop that sounded like speech. */
  get openSpan(): SampleSpan | undefined {
    const open = this.#open;
    if (!open || (!open.isContinued && this.#voicedSamples(open) < samplesOfMs(this.#options.minSpeechMs))) {
      return undefined;
    }
    return { startSample: this.#startOf(open), endSample: open.voicedEndHop * HOP_SAMPLES };
  }

  /** Takes the probabilities of the next hops; returns the spans that they complete. */
  push(probabilities: Iterable<number>): SampleSpan[] {
    const spans: SampleSpan[] = [];
    for (const probability of probabilities) {
      const span = this.#step(probability);
      if (span) spans.push(span);
    }
    return spans;
  }

  /** Ends the stream, whose length is `endSample`; returns the span still open. */
  flush(endSample: number): SampleSpan[] {
    const span = this.#close(endSample);
    return span ? [span] : [];
  }

  #step(probability: number): SampleSpan | undefined {
    const hop = this.#hop;
    this.#hop += 1;
    if (!this.#open) {
      if (probability >= this.#options.onProbability) {
        this.#open = { startHop: hop, voicedEndHop: hop + 1, isContinued: false };
        this.#probabilities = [probability];
      }
      return undefined;
    }
    this.#probabilities.push(probability);
    if (probability >= this.#options.offProbability) this.#open.voicedEndHop = hop + 1;
    else if (this.#hop - this.#open.voicedEndHop >= this.#hangOverHops) return this.#close(Number.POSITIVE_INFINITY);
    return this.#hop - this.#open.startHop >= this.#maxHops ? this.#cut(this.#open) : undefined;
  }

  /** Cuts overlong speech at its least speechlike hop. */
  #cut(open: OpenSpeech): SampleSpan {
    const { cutWithinMs } = this.#options;
    const half = this.#maxHops >> 1;
    const within = cutWithinMs === undefined ? half : Math.floor(samplesOfMs(cutWithinMs) / HOP_SAMPLES);
    const from = Math.max(half, this.#probabilities.length - within);
    let least = from;
    for (let at = from; at < this.#probabilities.length; at += 1) {
      if (this.#probabilities[at]! <= this.#probabilities[least]!) least = at;
    }
    const cutHop = open.startHop + least;
    const span = this.#spanOf(open, cutHop * HOP_SAMPLES);
    this.#open = { startHop: cutHop, voicedEndHop: Math.max(cutHop + 1, open.voicedEndHop), isContinued: true };
    this.#probabilities = this.#probabilities.slice(least);
    return span;
  }

  #close(streamEnd: number): SampleSpan | undefined {
    const open = this.#open;
    this.#open = undefined;
    this.#probabilities = [];
    if (!open) return undefined;
    if (!open.isContinued && this.#voicedSamples(open) < samplesOfMs(this.#options.minSpeechMs)) return undefined;
    return this.#spanOf(open, Math.min(streamEnd, open.voicedEndHop * HOP_SAMPLES + this.#pad));
  }

  #voicedSamples({ startHop, voicedEndHop }: OpenSpeech): number {
    return (voicedEndHop - startHop) * HOP_SAMPLES;
  }

  #startOf({ startHop, isContinued }: OpenSpeech): number {
    return Math.max(this.#lastEndSample, startHop * HOP_SAMPLES - (isContinued ? 0 : this.#pad), 0);
  }

  #spanOf(open: OpenSpeech, endSample: number): SampleSpan {
    const startSample = this.#startOf(open);
    this.#lastEndSample = endSample;
    return { startSample, endSample };
  }
}
