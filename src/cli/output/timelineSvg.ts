import stringWidth from 'string-width';
import type { Identification, IdentifiedSegment } from '../../index.js';
import { clock, percent } from './output.js';
import { printableLine } from './printable.js';
import { voiceId, voiceLabel } from './voiceLabel.js';

const WIDTH = 960;
const MARGIN = 16;
const ROW_HEIGHT = 42;
const BAR_HEIGHT = 24;
const AXIS_HEIGHT = 30;
const LEGEND_HEIGHT = 30;
/** From this width on a bar has its score written in it. */
const LEAST_SCORE_WIDTH = 38;
/** Maximum width of a letter of a row's label; wide letters count twice. */
const LETTER_WIDTH = 8;
const TICK_LETTER_WIDTH = 7;
const MOST_LETTERS = 28;
const MOST_TITLE_LETTERS = 110;
/** Okabe & Ito's colours (2008): distinguishable with colour blindness, on white and on near-black. */
const PALETTE = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00'];
const UNKNOWN_COLOUR = '#8b949e';
const STEPS_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600];

interface Row {
  readonly label: string;
  readonly isKnown: boolean;
  readonly colour: string;
  readonly segments: readonly IdentifiedSegment[];
}

/**
 * A drawing of who speaks when: one row per voice, named ones first, with how long each speaks and how sure the name is;
 * hatched where several speak at once. Readable on light and dark pages, and with colour blindness.
 */
export function timelineSvg(result: Identification, title: string): string {
  const rows = rowsOf(result.segments);
  const labelWidth = 24 + Math.max(72, ...rows.map(labelWidthOf));
  const height = 2 * MARGIN + 24 + Math.max(1, rows.length) * ROW_HEIGHT + AXIS_HEIGHT + LEGEND_HEIGHT;
  const left = MARGIN + labelWidth;
  const scale = (WIDTH - MARGIN - left) / Math.max(result.durationSeconds, 0.001);
  const top = MARGIN + 24;
  const body = [
    `<text x="${MARGIN}" y="${MARGIN + 12}" class="title">${escaped(shortened(title, MOST_TITLE_LETTERS))}</text>`,
    ...axis(result.durationSeconds, { left, scale, top, bottom: height - MARGIN - LEGEND_HEIGHT - AXIS_HEIGHT + 6 }),
    ...rows.flatMap((row, index) => drawnRow(row, top + index * ROW_HEIGHT, { left, scale })),
    ...(rows.length === 0 ? [] : legend(rows, height - MARGIN - LEGEND_HEIGHT / 2 + 6)),
    ...(rows.length === 0 ? [`<text x="${left}" y="${top + 20}" class="label">no speech</text>`] : []),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">
<style>
svg { color-scheme: light dark; background: #ffffff; font: 13px system-ui, sans-serif; }
text { fill: #1f2328; } .title { font-weight: 600; } .tick { fill: #59636e; font-size: 11px; }
.label { dominant-baseline: middle; } .note { fill: #59636e; font-size: 11px; dominant-baseline: middle; } .grid { stroke: #d1d9e0; }
.unsure { fill-opacity: .3; stroke-width: 1.5; stroke-dasharray: 4 3; }
.score { font-size: 11px; font-weight: 600; dominant-baseline: central; text-anchor: middle; } .score.dark { fill: #1f2328; } .score.light { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117; } text { fill: #f0f6fc; } .tick, .note { fill: #9198a1; } .grid { stroke: #3d444d; } .score.on-page { fill: #f0f6fc; }
}
</style>
<defs><pattern id="overlap" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2.5" height="6" fill="#ffffff" fill-opacity=".75"/></pattern></defs>
${body.join('\n')}
</svg>
`;
}

function rowsOf(segments: readonly IdentifiedSegment[]): readonly Row[] {
  const voices = new Map<string, IdentifiedSegment[]>();
  for (const segment of segments) {
    const id = voiceId(segment);
    voices.set(id, [...(voices.get(id) ?? []), segment]);
  }
  const isKnown = (own: readonly IdentifiedSegment[]) => own[0]!.decision === 'identified';
  // A stable sort: within each half the order of first appearance is kept.
  const ordered = [...voices.values()].sort((a, b) => Number(isKnown(b)) - Number(isKnown(a)));
  return ordered.map((own, index) => ({
    label: isKnown(own) ? voiceLabel(own[0]!) : voiceId(own[0]!),
    isKnown: isKnown(own),
    colour: isKnown(own) ? PALETTE[index % PALETTE.length]! : UNKNOWN_COLOUR,
    segments: own,
  }));
}

function drawnRow(row: Row, y: number, { left, scale }: { readonly left: number; readonly scale: number }): string[] {
  const middle = y + 4 + BAR_HEIGHT / 2;
  const label = `<text x="${MARGIN}" y="${middle - 7}" class="label">${escaped(shortened(row.label))}</text>`;
  const note = `<text x="${MARGIN}" y="${middle + 9}" class="note">${escaped(noteOf(row))}</text>`;
  const bars = row.segments.flatMap((segment) => {
    const x = left + segment.start * scale;
    const width = Math.max(1, (segment.end - segment.start) * scale);
    const isNamed = segment.decision !== 'unknown';
    const score = isNamed ? `, ${percent(segment.score)}` : '';
    const overlap = segment.overlap ? ', at the same time as another voice' : '';
    const title = `${voiceLabel(segment)}: ${clock(segment.start)}–${clock(segment.end)}${score}${overlap}`;
    const isUnsure = segment.decision === 'uncertain';
    const kind = isUnsure ? ` class="unsure" stroke="${row.colour}"` : '';
    const place = `x="${x.toFixed(1)}" y="${y + 4}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="3"`;
    const ink = isUnsure ? 'on-page' : inkOn(row.colour);
    const isWritten = isNamed && !segment.overlap && width >= LEAST_SCORE_WIDTH;
    return [
      `<g><title>${escaped(title)}</title><rect ${place} fill="${row.colour}"${kind}/>`,
      ...(segment.overlap ? [`<rect ${place} fill="url(#overlap)"/>`] : []),
      ...(isWritten
        ? [
            `<text x="${(x + width / 2).toFixed(1)}" y="${middle}" class="score ${ink}">${percent(segment.score)}</text>`,
          ]
        : []),
      '</g>',
    ];
  });
  return [label, note, ...bars];
}

/** How long a voice speaks, and the best score of its name. */
function noteOf({ segments, isKnown }: Row): string {
  const seconds = segments.reduce((sum, { start, end }) => sum + end - start, 0);
  const spoken = seconds < 60 ? `${seconds.toFixed(1)} s` : clock(seconds).replace(/\.\d$/, '');
  if (isKnown) return `${spoken} · ${percent(Math.max(...segments.map(({ score }) => score)))}`;
  const candidate = segments.find(({ decision, name }) => decision === 'uncertain' && name !== null)?.name;
  return candidate ? `${spoken} · ${shortened(candidate)}?` : spoken;
}

const labelWidthOf = (row: Row): number =>
  Math.max(LETTER_WIDTH * stringWidth(shortened(row.label)), TICK_LETTER_WIDTH * stringWidth(noteOf(row)));

/** Black on bright colours, white on dark ones: 4.5 to 1 at least. */
const inkOn = (colour: string): 'dark' | 'light' =>
  ['#e69f00', '#cc79a7', '#56b4e9', '#d55e00', '#009e73'].includes(colour) ? 'dark' : 'light';

/** What the kinds of bars mean: those that the drawing has. */
function legend(rows: readonly Row[], y: number): string[] {
  const segments = rows.flatMap((row) => row.segments);
  const [first] = PALETTE;
  const kinds = [
    { isThere: rows.some(({ isKnown }) => isKnown), text: 'named, with how sure the name is', fill: first!, more: '' },
    {
      isThere: segments.some(({ decision }) => decision === 'uncertain'),
      text: 'uncertain',
      fill: UNKNOWN_COLOUR,
      more: ` class="unsure" stroke="${UNKNOWN_COLOUR}"`,
    },
    {
      isThere: segments.some(({ decision }) => decision === 'unknown'),
      text: 'unknown voice',
      fill: UNKNOWN_COLOUR,
      more: '',
    },
    {
      isThere: segments.some(({ overlap }) => overlap),
      text: 'several at once',
      fill: UNKNOWN_COLOUR,
      more: '',
      isHatched: true,
    },
  ].filter(({ isThere }) => isThere);
  let x = MARGIN;
  return kinds.flatMap(({ text, fill, more, isHatched }) => {
    const at = x;
    x += 44 + text.length * 6;
    const box = `x="${at}" y="${y - 6}" width="18" height="12" rx="2"`;
    return [
      `<rect ${box} fill="${fill}"${more}/>`,
      ...(isHatched ? [`<rect ${box} fill="url(#overlap)"/>`] : []),
      `<text x="${at + 24}" y="${y}" class="note">${text}</text>`,
    ];
  });
}

function axis(
  durationSeconds: number,
  {
    left,
    scale,
    top,
    bottom,
  }: { readonly left: number; readonly scale: number; readonly top: number; readonly bottom: number },
): string[] {
  // At least 70 pixels between ticks, so that their labels do not overlap.
  const step = STEPS_SECONDS.find((seconds) => seconds * scale >= 70) ?? 3_600 * Math.ceil(70 / (3_600 * scale));
  const ticks: string[] = [];
  for (let at = 0; at <= durationSeconds; at += step) {
    const x = (left + at * scale).toFixed(1);
    ticks.push(`<line x1="${x}" y1="${top}" x2="${x}" y2="${bottom}" class="grid"/>`);
    const text = clock(at).replace(/\.0$/, '');
    // The last label may be at the very edge: it is right-aligned.
    const anchor = WIDTH - Number(x) < (text.length * TICK_LETTER_WIDTH) / 2 + 2 ? 'end' : 'middle';
    ticks.push(`<text x="${x}" y="${bottom + 16}" class="tick" text-anchor="${anchor}">${text}</text>`);
  }
  return ticks;
}

function shortened(text: string, most = MOST_LETTERS): string {
  if (stringWidth(text) <= most) return text;
  const letters = [...text];
  while (stringWidth(letters.join('')) > most - 1) letters.pop();
  return `${letters.join('')}…`;
}

const escaped = (text: string): string =>
  printableLine(text).replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);
