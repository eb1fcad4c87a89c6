/** An element with its properties, a bare caps filter, or several. Names and values are ours, but for device names. */
export type PipelinePart = string | readonly [element: string, properties: Readonly<Record<string, string | number>>];

/**
 * Tokens of a GStreamer pipeline: `gst-launch-1.0` takes them as arguments, `gst_parse_launch` joined by spaces.
 * Values are quoted, so that nothing in them is parsed as a part of the pipeline.
 */
export function pipelineTokens(parts: readonly PipelinePart[]): readonly string[] {
  return parts.flatMap((part, i) => {
    const tokens = typeof part === 'string' ? [part] : [part[0], ...Object.entries(part[1]).map(property)];
    return i === 0 ? tokens : ['!', ...tokens];
  });
}

const property = ([name, value]: [string, string | number]): string =>
  typeof value === 'number' ? `${name}=${value}` : `${name}="${value.replaceAll(/["\\]/g, '\\$&')}"`;

/** Times are exact but for rounding; at the 15 ms that are often seen, a gap that ends early or late stays wrong. */
const TOLERANCE_NS = 1_000_000;
/**
 * The demultiplexer of transport streams estimates the sender's clock from when packets arrive, and corrects itself by
 * some 60 ms within the first seconds; what a gap of sound is lies above that.
 */
const ESTIMATED_TOLERANCE_NS = 100_000_000;

/** How the end of every pipeline plays. */
export interface OutputOptions {
  /** At the pace of the clock: of what has an end, and comes faster. */
  readonly isPaced: boolean;
  /** Whether audio may be lost on its way; else pieces follow on each other, whatever times they bear. */
  readonly isLossy: boolean;
  /** Whether times are no better than an estimate: those of transport streams. */
  readonly isClockEstimated?: boolean;
}

/** Fills lost time with silence, and takes away what overlaps. */
const keepCount = (isLossy: boolean, tolerance: number): readonly PipelinePart[] =>
  isLossy ? [['audiorate', { 'skip-to-first': 'true', tolerance }]] : [];

/**
 * From decoded audio to mono s16le at 16 kHz on standard output, in buffers of 100 ms with their times (GDP). Lost
 * audio is filled before resampling, which would pass over a short gap, and the count is kept once more after it, since
 * the resampler restarts at a gap and outputs the rest of its filter.
 */
export function output({ isPaced, isLossy, isClockEstimated = false }: OutputOptions): readonly PipelinePart[] {
  const counted = keepCount(isLossy, isClockEstimated ? ESTIMATED_TOLERANCE_NS : TOLERANCE_NS);
  return [
    'audioconvert',
    ...counted,
    'audioresample',
    'audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved',
    ...counted,
    ['audiobuffersplit', { 'output-buffer-duration': '1/10' }],
    ['gdppay', {}],
    ['fdsink', { fd: 1, sync: `${isPaced}` }],
  ];
}
