import type { SampleSpan } from '../core/audioFrame.js';
import { samplesOfMs } from '../core/time.js';
import { HOP_SAMPLES, LIVE_SEGMENTER } from './speechSegmenter.js';

/** A hop less likely to be speech than this is silent. */
const FAINT_PROBABILITY = 0.05;
/** Silence that stays before and after: the network notices onsets late, and endings late, too. */
const KEPT_BEFORE_SAMPLES = samplesOfMs(120);
const KEPT_AFTER_SAMPLES = samplesOfMs(30);
/** No more than the padding is cut off. */
const PAD_SAMPLES = samplesOfMs(LIVE_SEGMENTER.padMs);

/**
 * Live speech without the part of its padding in which nothing is said. The padding is for the speaker network; as the
 * edges of a turn it would be a tenth more than is spoken.
 *
 * @param probabilityAt probability of speech in a hop, counted as the samples of `span` are
 */
export function withoutSilentEdges(span: SampleSpan, probabilityAt: (hop: number) => number): SampleSpan {
  const { startSample, endSample } = span;
  let first = Math.floor(startSample / HOP_SAMPLES);
  while (first * HOP_SAMPLES < startSample + PAD_SAMPLES && probabilityAt(first) < FAINT_PROBABILITY) first += 1;
  let last = Math.ceil(endSample / HOP_SAMPLES) - 1;
  while ((last + 1) * HOP_SAMPLES > endSample - PAD_SAMPLES && probabilityAt(last) < FAINT_PROBABILITY) last -= 1;
  const onset = Math.min(first * HOP_SAMPLES, startSample + PAD_SAMPLES);
  const ending = Math.max((last + 1) * HOP_SAMPLES, endSample - PAD_SAMPLES);
  return {
    startSample: Math.max(startSample, onset - KEPT_BEFORE_SAMPLES),
    endSample: Math.min(endSample, ending + KEPT_AFTER_SAMPLES),
  };
}
