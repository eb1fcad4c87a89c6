/**
 * Colours of a timeline. `auto` follows the reader's system, and is what a file needs; `light` and `dark` are fixed, for programs
 * that understand plain CSS only; `page` has no style of its own: the page has `timelineStyle('page')` in its style sheet, and
 * chooses colours by the custom properties named there.
 */
export type TimelineTheme = 'auto' | 'light' | 'dark' | 'page';

interface Colours {
  readonly paper: string;
  readonly ink: string;
  readonly faint: string;
  readonly grid: string;
}

const LIGHT: Colours = { paper: '#ffffff', ink: '#1f2328', faint: '#59636e', grid: '#d1d9e0' };
const DARK: Colours = { paper: '#0d1117', ink: '#f0f6fc', faint: '#9198a1', grid: '#3d444d' };
const OF_PAGE: Colours = {
  paper: 'var(--vp-paper, transparent)',
  ink: 'var(--vp-ink, currentColor)',
  faint: 'var(--vp-faint, currentColor)',
  grid: 'var(--vp-grid, rgb(128 128 128 / .35))',
};

/** The rules of a drawing; those of `page` are for the style sheet of the page. */
export function timelineStyle(theme: TimelineTheme): string {
  if (theme === 'page') return SHAPES + coloured(OF_PAGE);
  if (theme === 'light') return SHAPES + coloured(LIGHT);
  if (theme === 'dark') return SHAPES + coloured(DARK);
  return `${SHAPES}.vp-timeline { color-scheme: light dark; }\n${coloured(LIGHT)}@media (prefers-color-scheme: dark) {\n${coloured(DARK)}}\n`;
}

const coloured = ({ paper, ink, faint, grid }: Colours): string => `.vp-timeline { background: ${paper}; }
.vp-timeline text, .vp-timeline .vp-score.vp-on-page { fill: ${ink}; } .vp-timeline .vp-tick, .vp-timeline .vp-note { fill: ${faint}; } .vp-timeline .vp-grid { stroke: ${grid}; }
.vp-timeline .vp-score.vp-dark { fill: #1f2328; } .vp-timeline .vp-score.vp-light { fill: #ffffff; }
`;

const SHAPES = `.vp-timeline { font: 13px system-ui, sans-serif; }
.vp-timeline .vp-title { font-weight: 600; } .vp-timeline .vp-tick, .vp-timeline .vp-note { font-size: 11px; }
.vp-timeline .vp-unsure { fill-opacity: .3; stroke-width: 1.5; stroke-dasharray: 4 3; }
.vp-timeline .vp-score { font-size: 11px; font-weight: 600; text-anchor: middle; }
`;
