import { clock } from './figures.js';

const TICK_LETTER_WIDTH = 7;
const STEPS_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600];

interface TimeSpan {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

interface AxisPlace {
  /** Where second 0 would be. */
  readonly left: number;
  /** Pixels per second. */
  readonly scale: number;
  readonly top: number;
  readonly bottom: number;
  /** Edge of the drawing. */
  readonly right: number;
}

/** Lines across the drawing at round times, and the times. */
export function drawnAxis(
  { startSeconds, endSeconds }: TimeSpan,
  { left, scale, top, bottom, right }: AxisPlace,
): string[] {
  // At least 70 pixels between ticks, so that their labels do not overlap.
  const step = STEPS_SECONDS.find((seconds) => seconds * scale >= 70) ?? 3_600 * Math.ceil(70 / (3_600 * scale));
  const ticks: string[] = [];
  for (let at = Math.ceil(startSeconds / step) * step; at <= endSeconds; at += step) {
    const x = (left + at * scale).toFixed(1);
    ticks.push(`<line x1="${x}" y1="${top}" x2="${x}" y2="${bottom}" class="vp-grid"/>`);
    const text = clock(at).replace(/\.0$/, '');
    // The last label may be at the very edge: it is right-aligned.
    const anchor = right - Number(x) < (text.length * TICK_LETTER_WIDTH) / 2 + 2 ? 'end' : 'middle';
    ticks.push(`<text x="${x}" y="${bottom + 16}" class="vp-tick" text-anchor="${anchor}">${text}</text>`);
  }
  return ticks;
}
