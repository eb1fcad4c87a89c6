import type { SampleSpan } from '../core/audioFrame.js';
import { samplesOfMs } from '../core/time.js';

/** How speech is cut into windows for the speaker network. */
export interface WindowPlan {
  readonly windowMs: number;
  /** At most this far from one window to the next. */
  readonly hopMs: number;
  /** Speech shorter than `windowMs` is one window, cut to a multiple of this, so that windows of one length batch. */
  readonly stepMs: number;
}

/** Windows of identification and enrolment: embeddings that are compared come from windows of one length. */
export const WINDOW_PLAN: WindowPlan = { windowMs: 1500, hopMs: 750, stepMs: 100 };

/** Evenly spread windows over one segment of speech, in order; at least one, all inside it. */
export function windowsOf({ startSample, endSample }: SampleSpan, plan: WindowPlan = WINDOW_PLAN): SampleSpan[] {
  const length = endSample - startSample;
  const size = samplesOfMs(plan.windowMs);
  if (length <= size) {
    const step = samplesOfMs(plan.stepMs);
    const whole = length < step ? length : length - (length % step);
    const from = startSample + ((length - whole) >> 1);
    return [{ startSample: from, endSample: from + whole }];
  }
  const hops = Math.ceil((length - size) / samplesOfMs(plan.hopMs));
  return Array.from({ length: hops + 1 }, (_, i) => {
    const from = startSample + Math.round(((length - size) * i) / hops);
    return { startSample: from, endSample: from + size };
  });
}
