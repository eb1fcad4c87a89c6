import type { SampleSpan } from '../../core/audioFrame.js';
import { LOCAL_ACTIVE, LOCAL_FRAME_SAMPLES, LOCAL_VOICES } from '../../core/localVoices.js';
import { samplesOfMs } from '../../core/time.js';

/** Within speech that goes on, the network looks again after this much more of it: less than it hears at once. */
const HOP_SAMPLES = samplesOfMs(8_000);
/** Less overlap is chance: a breath, an echo. */
const LEAST_SAMPLES = samplesOfMs(300);
/** Longer ago than any turn that is still open. */
const REMEMBERED_SAMPLES = samplesOfMs(60_000);

/** Where several people speak at once, as far as the segmentation network has looked at a live stream. */
export class LiveOverlap {
  #spans: SampleSpan[] = [];
  #lookedSample = Number.NEGATIVE_INFINITY;

  /** True where enough was said since the network looked last. */
  isDue(endSample: number): boolean {
    return endSample - this.#lookedSample >= HOP_SAMPLES;
  }

  /**
   * Takes what the network says of the stream from `startSample` to `endSample`, in place of what it said before.
   *
   * @param activity shape (frames, LOCAL_VOICES), 0..255; frames behind `endSample` do not count
   */
  take(activity: Uint8Array, { startSample, endSample }: SampleSpan): void {
    this.#lookedSample = endSample;
    const oldest = endSample - REMEMBERED_SAMPLES;
    const before = this.#spans
      .filter((span) => span.startSample < startSample && span.endSample > oldest)
      .map((span) => ({ ...span, endSample: Math.min(span.endSample, startSample) }));
    this.#spans = [...before, ...overlapsIn(activity, { startSample, endSample })];
  }

  /** True where several people speak at once for .3 s of the span or more. */
  isIn({ startSample, endSample }: SampleSpan): boolean {
    const samples = this.#spans.reduce(
      (sum, span) => sum + Math.max(0, Math.min(span.endSample, endSample) - Math.max(span.startSample, startSample)),
      0,
    );
    return samples >= LEAST_SAMPLES;
  }
}

function overlapsIn(activity: Uint8Array, { startSample, endSample }: SampleSpan): SampleSpan[] {
  const spans: SampleSpan[] = [];
  const frames = Math.min(activity.length / LOCAL_VOICES, Math.ceil((endSample - startSample) / LOCAL_FRAME_SAMPLES));
  for (let frame = 0; frame < frames; frame += 1) {
    const voices = activity.subarray(frame * LOCAL_VOICES, (frame + 1) * LOCAL_VOICES);
    if (voices.filter((level) => level >= LOCAL_ACTIVE).length < 2) continue;
    const from = startSample + frame * LOCAL_FRAME_SAMPLES;
    const last = spans.at(-1);
    if (last?.endSample === from) spans[spans.length - 1] = { ...last, endSample: from + LOCAL_FRAME_SAMPLES };
    else spans.push({ startSample: from, endSample: from + LOCAL_FRAME_SAMPLES });
  }
  return spans;
}
