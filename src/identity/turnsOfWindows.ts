import type { SampleSpan } from '../core/audioFrame.js';

/** A turn of one voice: its time, and the number of the voice in the recording. */
export interface Turn extends SampleSpan {
  readonly voice: number;
}

export interface WindowTurnsInput {
  readonly windows: readonly SampleSpan[];
  /** Index of the segment of speech of each window, shape (windows,). */
  readonly segmentOf: Int32Array;
  readonly speech: readonly SampleSpan[];
  /** Voice of each window, shape (windows,). */
  readonly labels: Int32Array;
}

const middleOf = ({ startSample, endSample }: SampleSpan) => (startSample + endSample) / 2;

/** Turns from the voices of windows: a change of voice is half way between the middles of two windows. */
export function turnsOfWindows({ windows, segmentOf, speech, labels }: WindowTurnsInput): Turn[] {
  const spans: { startSample: number; endSample: number; voice: number }[] = [];
  windows.forEach((window, i) => {
    const segment = segmentOf[i]!;
    const before = segmentOf[i - 1] === segment ? windows[i - 1] : undefined;
    const after = segmentOf[i + 1] === segment ? windows[i + 1] : undefined;
    const startSample = before ? Math.round((middleOf(before) + middleOf(window)) / 2) : speech[segment]!.startSample;
    const endSample = after ? Math.round((middleOf(window) + middleOf(after)) / 2) : speech[segment]!.endSample;
    const last = spans.at(-1);
    if (last && last.voice === labels[i] && last.endSample === startSample) last.endSample = endSample;
    else spans.push({ startSample, endSample, voice: labels[i]! });
  });
  return spans;
}
