import stringWidth from 'string-width';
import { escaped } from './timelineBars.js';
import { PALETTE, type Row, UNKNOWN_COLOUR } from './timelineRows.js';
import type { TimelineWords } from './timelineWords.js';

const LINE_HEIGHT = 20;
const LETTER_WIDTH = 6;

interface LegendPlace {
  readonly words: TimelineWords;
  readonly left: number;
  readonly right: number;
  readonly top: number;
}

/** What the kinds of bars mean: those that the drawing has. */
export function drawnLegend(rows: readonly Row[], { words, left, right, top }: LegendPlace) {
  const segments = rows.flatMap((row) => row.segments);
  const has = (decision: string) => segments.some((segment) => segment.decision === decision);
  const unsure = ` class="vp-unsure" stroke="${UNKNOWN_COLOUR}"`;
  const kinds = [
    { isThere: has('identified'), text: words.named, fill: PALETTE[0], more: '' },
    { isThere: has('uncertain'), text: words.uncertain, fill: UNKNOWN_COLOUR, more: unsure },
    { isThere: has('unknown'), text: words.unknown, fill: UNKNOWN_COLOUR, more: '' },
    { isThere: segments.some(({ overlap }) => overlap), text: words.overlap, fill: UNKNOWN_COLOUR, isHatched: true },
  ].filter(({ isThere }) => isThere);
  let x = left;
  let y = top + 6;
  const parts = kinds.flatMap(({ text, fill, more = '', isHatched }) => {
    const width = 44 + stringWidth(text) * LETTER_WIDTH;
    if (x > left && x + width > right) {
      x = left;
      y += LINE_HEIGHT;
    }
    const box = `x="${x}" y="${y - 6}" width="18" height="12" rx="2"`;
    const label = `<text x="${x + 24}" y="${y}" dy=".35em" class="vp-note">${escaped(text)}</text>`;
    x += width;
    return [
      `<rect ${box} fill="${fill}"${more}/>`,
      ...(isHatched ? [`<rect ${box} fill="url(#vp-overlap)"/>`] : []),
      label,
    ];
  });
  return { parts, height: kinds.length === 0 ? 0 : y - top + 6 };
}
