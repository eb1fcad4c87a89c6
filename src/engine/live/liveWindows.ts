import type { SampleSpan } from '../../core/audioFrame.js';
import { samplesOfMs } from '../../core/time.js';

/** How live speech is cut into windows for the speaker network. */
export interface LiveWindowPlan {
  /** Speech from the beginning of a segment to the end of its first window, in order. */
  readonly firstEndsMs: readonly number[];
  /** From the last of those on, or from one window to the next. */
  readonly hopMs: number;
  readonly windowMs: number;
  /** The rest at the end of a segment is a separate window where this much of it is new. */
  readonly leastRestMs: number;
  /** Lengths are cut to multiples of this, so that windows of several streams batch. */
  readonly stepMs: number;
}

export const LIVE_WINDOW_PLAN: LiveWindowPlan = {
  firstEndsMs: [800],
  hopMs: 500,
  windowMs: 1500,
  leastRestMs: 200,
  stepMs: 100,
};

/** A window and how much of it no earlier one covers. */
export interface PlannedWindow extends SampleSpan {
  readonly samples: number;
}

/** Plans the windows of one segment of speech as it grows. */
export class LiveWindows {
  readonly #plan: LiveWindowPlan;
  #coveredSample: number | undefined;
  #made = 0;

  constructor(plan: LiveWindowPlan = LIVE_WINDOW_PLAN) {
    this.#plan = plan;
  }

  /** Windows that are due now that speech reaches to `endSample`; `hopFactor` 2 makes the hops twice as long. */
  due({ startSample, endSample }: SampleSpan, hopFactor = 1): PlannedWindow[] {
    const due: PlannedWindow[] = [];
    for (;;) {
      const next = this.#nextEnd(startSample, hopFactor);
      if (next > endSample) return due;
      due.push(this.#window(startSample, next));
    }
  }

  /** The windows still missing where speech ended. */
  rest(span: SampleSpan, hopFactor = 1): PlannedWindow[] {
    const due = this.due(span, hopFactor);
    const { startSample, endSample } = span;
    const isMissing =
      this.#coveredSample === undefined || endSample - this.#coveredSample >= samplesOfMs(this.#plan.leastRestMs);
    return isMissing ? [...due, this.#window(startSample, endSample)] : due;
  }

  #nextEnd(startSample: number, hopFactor: number): number {
    const first = this.#plan.firstEndsMs[this.#made];
    if (this.#coveredSample === undefined || first !== undefined) {
      return startSample + samplesOfMs(first ?? this.#plan.windowMs);
    }
    return this.#coveredSample + hopFactor * samplesOfMs(this.#plan.hopMs);
  }

  #window(speechStart: number, endSample: number): PlannedWindow {
    const step = samplesOfMs(this.#plan.stepMs);
    const length = Math.min(samplesOfMs(this.#plan.windowMs), endSample - speechStart);
    const whole = length < step ? length : length - (length % step);
    const samples = endSample - (this.#coveredSample ?? speechStart);
    this.#coveredSample = endSample;
    this.#made += 1;
    return { startSample: endSample - whole, endSample, samples };
  }
}
