import stringWidth from 'string-width';
import type { Identification, IdentifiedSegment } from '../../index.js';
import { clock, percent } from './output.js';
import { printableLine } from './printable.js';
import { voiceId, voiceLabel } from './voiceLabel.js';

const WIDTH = 960;
const MARGIN = 16;
const ROW_HEIGHT = 34;
const BAR_HEIGHT = 20;
const AXIS_HEIGHT = 30;
/** Maximum width of a letter of a row's label; wide letters count twice. */
const LETTER_WIDTH = 8;
const TICK_LETTER_WIDTH = 7;
const MOST_LETTERS = 28;
const MOST_TITLE_LETTERS = 110;
/** Okabe & Ito's colours (2008): distinguishable with colour blindness, on white and on near-black. */
const PALETTE = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00'];
const STEPS_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600];

interface Row {
  readonly label: string;
  readonly isKnown: boolean;
  readonly colour: string;
  readonly segments: readonly IdentifiedSegment[];
}

/** A drawing of who speaks when: one row per voice, named ones first; readable on light and dark pages. */
export function timelineSvg(result: Identification, title: string): string {
  const rows = rowsOf(result.segments);
  const labelWidth = 24 + LETTER_WIDTH * Math.max(6, ...rows.map((row) => stringWidth(shortened(row.label))));
  const height = 2 * MARGIN + 24 + Math.max(1, rows.length) * ROW_HEIGHT + AXIS_HEIGHT;
  const left = MARGIN + labelWidth;
  const scale = (WIDTH - MARGIN - left) / Math.max(result.durationSeconds, 0.001);
  const top = MARGIN + 24;
  const body = [
    `<text x="${MARGIN}" y="${MARGIN + 12}" class="title">${escaped(shortened(title, MOST_TITLE_LETTERS))}</text>`,
    ...axis(result.durationSeconds, { left, scale, top, bottom: height - MARGIN - AXIS_HEIGHT + 6 }),
    ...rows.flatMap((row, index) => drawnRow(row, top + index * ROW_HEIGHT, { left, scale })),
    ...(rows.length === 0 ? [`<text x="${left}" y="${top + 20}" class="label">no speech</text>`] : []),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">
<style>
svg { color-scheme: light dark; background: #ffffff; font: 13px system-ui, sans-serif; }
text { fill: #1f2328; } .title { font-weight: 600; } .tick { fill: #59636e; font-size: 11px; }
.label { dominant-baseline: middle; } .grid { stroke: #d1d9e0; } .unsure { fill-opacity: .45; }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117; } text { fill: #f0f6fc; } .tick { fill: #9198a1; } .grid { stroke: #3d444d; }
}
</style>
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
    colour: isKnown(own) ? PALETTE[index % PALETTE.length]! : '#8b949e',
    segments: own,
  }));
}

function drawnRow(row: Row, y: number, { left, scale }: { readonly left: number; readonly scale: number }): string[] {
  const label = `<text x="${MARGIN}" y="${y + BAR_HEIGHT / 2 + 4}" class="label">${escaped(shortened(row.label))}</text>`;
  const bars = row.segments.map((segment) => {
    const width = Math.max(1, (segment.end - segment.start) * scale);
    const score = segment.decision === 'unknown' ? '' : `, ${percent(segment.score)}`;
    const title = `${voiceLabel(segment)}: ${clock(segment.start)}–${clock(segment.end)}${score}`;
    const kind = segment.decision === 'uncertain' ? ' class="unsure"' : '';
    return `<rect x="${(left + segment.start * scale).toFixed(1)}" y="${y + 4}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="3" fill="${row.colour}"${kind}><title>${escaped(title)}</title></rect>`;
  });
  return [label, ...bars];
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
