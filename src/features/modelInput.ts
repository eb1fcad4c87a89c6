import type { SampleSpan } from '../core/audioFrame.js';
import { FRAME_SHIFT, frameCount } from './fbank.js';

/** Half-open span of feature frames. */
export interface FrameSpan {
  readonly firstFrame: number;
  readonly endFrame: number;
}

/**
 * The frames of a window, its start rounded to the 10-ms grid. As many frames as a recording of the window's length
 * would give, so windows of equal length give equal shapes at any position; undefined where there is not one frame.
 */
export function framesOfWindow(
  window: SampleSpan,
  totalFrames: number,
  isSnippingEdges: boolean,
): FrameSpan | undefined {
  const frames = Math.min(totalFrames, frameCount(window.endSample - window.startSample, isSnippingEdges));
  if (frames < 1) return undefined;
  const firstFrame = Math.max(0, Math.min(Math.round(window.startSample / FRAME_SHIFT), totalFrames - frames));
  return { firstFrame, endFrame: firstFrame + frames };
}

/**
 * Copies `frames` rows of `features`, shape (·, bands), from `firstRow` into `out` at `at`;
 * with `isMeanSubtracted`, less each band's mean over these rows.
 */
export function copyFrames(
  features: Float32Array,
  { firstRow, frames, bands }: { readonly firstRow: number; readonly frames: number; readonly bands: number },
  out: Float32Array,
  { at, isMeanSubtracted }: { readonly at: number; readonly isMeanSubtracted: boolean },
): void {
  const from = firstRow * bands;
  const size = frames * bands;
  out.set(features.subarray(from, from + size), at);
  if (!isMeanSubtracted) return;
  const means = new Float64Array(bands);
  for (let i = 0; i < size; i += bands) {
    for (let band = 0; band < bands; band += 1) means[band]! += features[from + i + band]!;
  }
  for (let band = 0; band < bands; band += 1) means[band]! /= frames;
  for (let i = at; i < at + size; i += bands) {
    for (let band = 0; band < bands; band += 1) out[i + band]! -= means[band]!;
  }
}
