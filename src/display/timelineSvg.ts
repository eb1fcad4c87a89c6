import type { Identification } from '../core/identification.js';
import { clock, percent } from './figures.js';
import { drawnAxis } from './timelineAxis.js';
import { BAR_HEIGHT, drawnRow, escaped, overlapPattern } from './timelineBars.js';
import { drawnLegend } from './timelineLegend.js';
import { labelWidthOf, type Row, rowsOf, shortened } from './timelineRows.js';
import { type TimelineTheme, timelineStyle } from './timelineStyle.js';
import { ENGLISH, type TimelineWords } from './timelineWords.js';

const MARGIN = 16;
const ROW_HEIGHT = 42;
const AXIS_HEIGHT = 30;
const TITLE_HEIGHT = 24;
const LEGEND_GAP = 12;
/** From this width on labels may be long. */
const WIDE = 640;

export interface TimelineOptions {
  readonly theme?: TimelineTheme;
  /** Width in pixels; 960 by default. The height follows from the number of voices. */
  readonly width?: number;
  readonly words?: TimelineWords;
  /** Where the drawing begins, in seconds of the recording; 0 by default. No turn may begin before. */
  readonly startSeconds?: number;
}

/**
 * A drawing of who speaks when: one row per voice, named ones first, with how long each speaks and how sure the name is;
 * hatched where several speak at once. Readable on light and dark pages, and with colour blindness.
 * Names are in it as text only. Pure, for the server and for browsers.
 */
export function timelineSvg(result: Identification, title: string, options: TimelineOptions = {}): string {
  const { theme = 'auto', words = ENGLISH, startSeconds = 0 } = options;
  const width = Math.max(320, Math.round(options.width ?? 960));
  const mostLetters = width < WIDE ? 14 : 28;
  const rows = rowsOf(result.segments, mostLetters);
  const barsFrom = MARGIN + 24 + Math.max(72, ...rows.map(labelWidthOf));
  const scale = (width - MARGIN - barsFrom) / Math.max(result.durationSeconds - startSeconds, 0.001);
  const left = barsFrom - startSeconds * scale;
  const top = MARGIN + (title ? TITLE_HEIGHT : 0);
  const bottom = top + Math.max(1, rows.length) * ROW_HEIGHT + 6;
  const legend = drawnLegend(rows, {
    words,
    left: MARGIN,
    right: width - MARGIN,
    top: bottom + AXIS_HEIGHT + LEGEND_GAP,
  });
  const height = bottom + AXIS_HEIGHT + (legend.height > 0 ? LEGEND_GAP + legend.height : 0) + MARGIN / 2;
  const mostTitleLetters = Math.floor((width - 2 * MARGIN) / 8.4);
  const body = [
    ...(title
      ? [
          `<text x="${MARGIN}" y="${MARGIN + 12}" class="vp-title">${escaped(shortened(title, mostTitleLetters))}</text>`,
        ]
      : []),
    ...drawnAxis({ startSeconds, endSeconds: result.durationSeconds }, { left, scale, top, bottom, right: width }),
    ...rows.flatMap((row, index) => drawnRow(row, { y: top + index * ROW_HEIGHT, at: MARGIN, left, scale, words })),
    ...(rows.length === 0
      ? [
          `<text x="${MARGIN}" y="${top + 4 + BAR_HEIGHT / 2}" dy=".35em" class="vp-label">${escaped(words.noSpeech)}</text>`,
        ]
      : []),
    ...legend.parts,
  ];
  const style = theme === 'page' ? '' : `<style>\n${timelineStyle(theme)}</style>\n`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" class="vp-timeline" role="img" aria-label="${escaped(described(rows, title, words))}">
${style}${overlapPattern}
${body.join('\n')}
</svg>
`;
}

/** For those who do not see the drawing: who speaks, and for how long. */
function described(rows: readonly Row[], title: string, words: TimelineWords): string {
  const voices = rows.map(({ label, seconds, isKnown, bestScore }) =>
    isKnown ? `${label} ${clock(seconds)} (${percent(bestScore)})` : `${label} ${clock(seconds)}`,
  );
  return [...(title ? [title] : []), voices.join(', ') || words.noSpeech].join('. ');
}
