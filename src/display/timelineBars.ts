import type { IdentifiedSegment } from '../core/identification.js';
import { clock, percent } from './figures.js';
import { printableLine } from './printable.js';
import type { Row } from './timelineRows.js';
import type { TimelineWords } from './timelineWords.js';
import { voiceLabel } from './voiceLabel.js';

export const BAR_HEIGHT = 24;
/** From this width on a bar has its score written in it. */
const LEAST_SCORE_WIDTH = 38;

/** Hatching of bars during which others speak too. Drawings of one page share it. */
export const overlapPattern =
  '<defs><pattern id="vp-overlap" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2.5" height="6" fill="#ffffff" fill-opacity=".75"/></pattern></defs>';

interface RowPlace {
  readonly y: number;
  /** Where labels begin. */
  readonly at: number;
  /** Where second 0 is, or would be. */
  readonly left: number;
  /** Pixels per second. */
  readonly scale: number;
  readonly words: TimelineWords;
}

/** The label of a voice and a bar for each of its turns. */
export function drawnRow(row: Row, place: RowPlace): string[] {
  const middle = place.y + 4 + BAR_HEIGHT / 2;
  return [
    `<text x="${place.at}" y="${middle - 7}" dy=".35em" class="vp-label">${escaped(row.label)}</text>`,
    `<text x="${place.at}" y="${middle + 9}" dy=".35em" class="vp-note">${escaped(row.note)}</text>`,
    ...row.segments.map((segment) => drawnBar(segment, row.colour, place)),
  ];
}

function drawnBar(segment: IdentifiedSegment, colour: string, { y, left, scale, words }: RowPlace): string {
  const x = left + segment.start * scale;
  const width = Math.max(1, (segment.end - segment.start) * scale);
  const isNamed = segment.decision !== 'unknown';
  const isUnsure = segment.decision === 'uncertain';
  const bar = `x="${x.toFixed(1)}" y="${y + 4}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="3"`;
  const isWritten = isNamed && !segment.overlap && width >= LEAST_SCORE_WIDTH;
  const ink = isUnsure ? 'vp-on-page' : inkOn(colour);
  const score = `<text x="${(x + width / 2).toFixed(1)}" y="${y + 4 + BAR_HEIGHT / 2}" dy=".35em" class="vp-score ${ink}">${percent(segment.score)}</text>`;
  return [
    `<g><title>${escaped(explained(segment, words))}</title>`,
    `<rect ${bar} fill="${colour}"${isUnsure ? ` class="vp-unsure" stroke="${colour}"` : ''}/>`,
    ...(segment.overlap ? [`<rect ${bar} fill="url(#vp-overlap)"/>`] : []),
    ...(isWritten ? [score] : []),
    '</g>',
  ].join('');
}

/** What a pointer that rests on a bar is shown. */
function explained(segment: IdentifiedSegment, words: TimelineWords): string {
  const score = segment.decision === 'unknown' ? [] : [percent(segment.score)];
  const parts = [`${clock(segment.start)}–${clock(segment.end)}`, ...score, ...(segment.overlap ? [words.atOnce] : [])];
  return `${voiceLabel(segment)}: ${parts.join(', ')}`;
}

/** Black on bright colours, white on dark ones: 4.5 to 1 at least. */
const inkOn = (colour: string): 'vp-dark' | 'vp-light' => (colour === '#0072b2' ? 'vp-light' : 'vp-dark');

/** For text and attributes of XML. */
export const escaped = (text: string): string =>
  printableLine(text).replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);
