import { expect, test } from 'vitest';
import { detSvg, reliabilitySvg, scoresSvg } from '../../../src/cli/output/calibrationPlots.js';
import { chartSvg } from '../../../src/cli/output/chartSvg.js';

const axis = (label: string) => ({ label, from: 0, to: 10, ticks: [{ at: 5, text: 'five' }] });

test('points are placed by the axes, and text is escaped', () => {
  const svg = chartSvg({
    title: 'a < b & c',
    x: axis('time (s)'),
    y: axis('share (%)'),
    series: [
      {
        name: 'one',
        colour: 'blue',
        kind: 'line',
        points: [
          { x: 0, y: 0 },
          { x: 10, y: 10 },
        ],
      },
    ],
  });
  expect(svg).toContain('points="72.0,420.0 700.0,72.0"');
  expect(svg).toContain('a &#60; b &#38; c');
  for (const text of ['time (s)', 'share (%)', 'five', 'one']) expect(svg).toContain(`>${text}</text>`);
});

const normal = (mean: number) =>
  Float64Array.from({ length: 500 }, (_, i) => mean + 3 * Math.tan(((i + 0.5) / 500 - 0.5) * 2.4));
const [before, after] = [
  { targets: normal(6), nontargets: normal(-2) },
  { targets: normal(4), nontargets: normal(-4) },
];

test.each([
  { name: 'scores', svg: scoresSvg(before, after), units: ['log-likelihood ratio (natural)', '(%)'] },
  { name: 'DET', svg: detSvg(before, after), units: ['false alarms', 'misses', '(%)'] },
  { name: 'reliability', svg: reliabilitySvg(before, after), units: ['predicted probability', 'one person'] },
])('the $name plot labels its axes, tells before from after, and has no point that is no number', ({ svg, units }) => {
  for (const unit of units) expect(svg).toContain(unit);
  expect(svg).toMatch(/>[^<]*before<\/text>/);
  expect(svg).toMatch(/>[^<]*after<\/text>/);
  expect(svg).toContain('prefers-color-scheme: dark');
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});
