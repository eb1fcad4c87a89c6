import type { SampleSpan } from '../core/audioFrame.js';

/** A stretch of one voice. */
export interface VoiceSpan extends SampleSpan {
  readonly voice: number;
}

export interface LayTurnsInput {
  readonly windows: readonly SampleSpan[];
  /** Index of the stretch of speech each window lies in, shape (windows,). */
  readonly stretchOf: Int32Array;
  readonly speech: readonly SampleSpan[];
  /** Voice of each window, shape (windows,). */
  readonly labels: Int32Array;
}

const middleOf = ({ startSample, endSample }: SampleSpan) => (startSample + endSample) / 2;

/** Windows become turns: a change of voice lies half way between the middles of two windows. */
export function layTurns({ windows, stretchOf, speech, labels }: LayTurnsInput): VoiceSpan[] {
  const spans: { startSample: number; endSample: number; voice: number }[] = [];
  windows.forEach((window, i) => {
    const stretch = stretchOf[i]!;
    const before = stretchOf[i - 1] === stretch ? windows[i - 1] : undefined;
    const after = stretchOf[i + 1] === stretch ? windows[i + 1] : undefined;
    const startSample = before ? Math.round((middleOf(before) + middleOf(window)) / 2) : speech[stretch]!.startSample;
    const endSample = after ? Math.round((middleOf(window) + middleOf(after)) / 2) : speech[stretch]!.endSample;
    const last = spans.at(-1);
    if (last && last.voice === labels[i] && last.endSample === startSample) last.endSample = endSample;
    else spans.push({ startSample, endSample, voice: labels[i]! });
  });
  return spans;
}
