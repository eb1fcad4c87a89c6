import type { Point } from '../../evaluation/curves.js';

/** One axis with a linear scale from `from` to `to` and labelled ticks. */
export interface Axis {
  /** Label, including the unit. */
  readonly label: string;
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

export interface Series {
  readonly name: string;
  readonly colour: 'blue' | 'orange' | 'grey';
  /** `area` is filled down to the axis; `dots` are joined by a line; `dashed` is a line. */
  readonly kind: 'line' | 'dashed' | 'area' | 'dots';
  readonly points: readonly Point[];
}

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

const WIDTH = 720;
const HEIGHT = 480;
const PLOT = { left: 72, right: WIDTH - 20, top: 72, bottom: HEIGHT - 60 } as const;
/** Okabe & Ito's colours (2008): distinguishable with colour blindness, on white and on near-black. */
const COLOURS = { blue: '#0072b2', orange: '#e69f00', grey: '#8b949e' } as const;

/** A chart with two axes and a legend; readable on light and dark pages. */
export function chartSvg({ title, x, y, series }: Chart): string {
  const body = [
    `<text x="${PLOT.left}" y="24" class="title">${escaped(title)}</text>`,
    ...legend(series),
    ...axes(x, y),
    '<g clip-path="url(#plot)">',
    ...series.flatMap((one) => drawn(one, x, y)),
    '</g>',
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">
<style>
svg { color-scheme: light dark; background: #ffffff; font: 13px system-ui, sans-serif; }
text { fill: #1f2328; } .title { font-weight: 600; font-size: 15px; } .tick { fill: #59636e; font-size: 11px; } .grid { stroke: #d1d9e0; }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117; } text { fill: #f0f6fc; } .tick { fill: #9198a1; } .grid { stroke: #3d444d; }
}
</style>
<clipPath id="plot"><rect x="${PLOT.left}" y="${PLOT.top}" width="${PLOT.right - PLOT.left}" height="${PLOT.bottom - PLOT.top}"/></clipPath>
${body.join('\n')}
</svg>
`;
}

const placeX = ({ from, to }: Axis, value: number): string =>
  (PLOT.left + ((value - from) / (to - from)) * (PLOT.right - PLOT.left)).toFixed(1);
const placeY = ({ from, to }: Axis, value: number): string =>
  (PLOT.bottom - ((value - from) / (to - from)) * (PLOT.bottom - PLOT.top)).toFixed(1);

function axes(x: Axis, y: Axis): string[] {
  const middle = (PLOT.top + PLOT.bottom) / 2;
  return [
    ...x.ticks.flatMap(({ at, text }) => [
      `<line x1="${placeX(x, at)}" y1="${PLOT.top}" x2="${placeX(x, at)}" y2="${PLOT.bottom}" class="grid"/>`,
      `<text x="${placeX(x, at)}" y="${PLOT.bottom + 18}" class="tick" text-anchor="middle">${escaped(text)}</text>`,
    ]),
    ...y.ticks.flatMap(({ at, text }) => [
      `<line x1="${PLOT.left}" y1="${placeY(y, at)}" x2="${PLOT.right}" y2="${placeY(y, at)}" class="grid"/>`,
      `<text x="${PLOT.left - 8}" y="${placeY(y, at)}" class="tick" text-anchor="end" dominant-baseline="middle">${escaped(text)}</text>`,
    ]),
    `<text x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 16}" text-anchor="middle">${escaped(x.label)}</text>`,
    `<text x="18" y="${middle}" text-anchor="middle" transform="rotate(-90 18 ${middle})">${escaped(y.label)}</text>`,
  ];
}

function legend(series: readonly Series[]): string[] {
  let left: number = PLOT.left;
  return series.flatMap(({ name, colour, kind }) => {
    const at = left;
    left += 44 + 7 * name.length;
    const dash = kind === 'dashed' ? ' stroke-dasharray="6 4"' : '';
    const thick = kind === 'area' ? ' stroke-width="10" stroke-opacity=".5"' : ' stroke-width="2"';
    return [
      `<line x1="${at}" y1="48" x2="${at + 22}" y2="48" stroke="${COLOURS[colour]}"${thick}${dash}/>`,
      `<text x="${at + 28}" y="48" dominant-baseline="middle">${escaped(name)}</text>`,
    ];
  });
}

function drawn({ kind, colour, points }: Series, x: Axis, y: Axis): string[] {
  if (points.length === 0) return [];
  const paint = COLOURS[colour];
  const path = points.map((point) => `${placeX(x, point.x)},${placeY(y, point.y)}`).join(' ');
  if (kind === 'area') {
    const [first, last] = [placeX(x, points[0]!.x), placeX(x, points.at(-1)!.x)];
    return [
      `<polygon points="${first},${PLOT.bottom} ${path} ${last},${PLOT.bottom}" fill="${paint}" fill-opacity=".5"/>`,
    ];
  }
  const dash = kind === 'dashed' ? ' stroke-dasharray="6 4"' : '';
  const line = `<polyline points="${path}" fill="none" stroke="${paint}" stroke-width="2"${dash}/>`;
  if (kind !== 'dots') return [line];
  const dots = points.map(
    (point) => `<circle cx="${placeX(x, point.x)}" cy="${placeY(y, point.y)}" r="4" fill="${paint}"/>`,
  );
  return [line, ...dots];
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`).replace(/\p{Cc}/gu, ' ');
