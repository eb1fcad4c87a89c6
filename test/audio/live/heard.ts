import type { LiveItem, StreamState } from '../../../src/core/live.js';

/** What a live source gave, put together. */
export interface Heard {
  readonly states: readonly StreamState[];
  /** Where audio began after a gap (or at the start), and how much there was: [startSample, samples]. */
  readonly runs: readonly (readonly [number, number])[];
  /** Every sample at its place; silence in gaps. */
  readonly samples: Float32Array<ArrayBuffer>;
  readonly droppedSamples: number;
}

/** Reads until the source ends, or `enough` says so. */
export async function hear(
  items: AsyncIterable<LiveItem>,
  enough: (item: LiveItem) => boolean = () => false,
): Promise<Heard> {
  const all: LiveItem[] = [];
  for await (const item of items) {
    all.push(item);
    if (enough(item)) break;
  }
  return heardOf(all);
}

export function heardOf(items: readonly LiveItem[]): Heard {
  const frames = items.flatMap((item) => (item.type === 'audio' ? [item.frame] : []));
  const last = frames.at(-1);
  const samples = new Float32Array(last ? last.startSample + last.samples.length : 0);
  const runs: [number, number][] = [];
  for (const frame of frames) {
    samples.set(frame.samples, frame.startSample);
    const run = runs.at(-1);
    if (run && run[0] + run[1] === frame.startSample) run[1] += frame.samples.length;
    else runs.push([frame.startSample, frame.samples.length]);
  }
  return {
    states: items.flatMap((item) => (item.type === 'state' ? [item.state] : [])),
    runs,
    samples,
    droppedSamples: items.reduce((sum, item) => sum + (item.type === 'dropped' ? item.samples : 0), 0),
  };
}

export const statuses = (heard: Heard): readonly string[] => heard.states.map((state) => state.status);
