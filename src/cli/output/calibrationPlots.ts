import { detPoints, histogram, type Point, reliability } from '../../evaluation/curves.js';
import type { Trials } from '../../evaluation/detectionMetrics.js';
import { type Axis, chartSvg } from './chartSvg.js';

const BINS = 60;
const MOST_LLR = 20;
const RATES_PERCENT = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 40];
/** A proportion of fewer pairs would be noise. */
const LEAST_PAIRS = 10;
const SHARES_PERCENT = [0, 20, 40, 60, 80, 100];

/** Log likelihood ratios of pairs of one person and of two, before (dashed) and after. */
export function scoresSvg(before: Trials, after: Trials): string {
  const widest = [before, after].flatMap(({ targets, nontargets }) => [
    quantile(targets, 0.99),
    -quantile(nontargets, 0.01),
  ]);
  const limit = Math.min(MOST_LLR, Math.max(5, 5 * Math.ceil(Math.max(...widest) / 5)));
  const steps = (values: Float64Array): Point[] =>
    [...histogram(values, -limit, limit, BINS)].flatMap((share, bin) => [
      { x: -limit + (2 * limit * bin) / BINS, y: 100 * share },
      { x: -limit + (2 * limit * (bin + 1)) / BINS, y: 100 * share },
    ]);
  const series = [
    { name: 'one person, after', colour: 'blue', kind: 'area', points: steps(after.targets) },
    { name: 'two people, after', colour: 'orange', kind: 'area', points: steps(after.nontargets) },
    { name: 'one person, before', colour: 'blue', kind: 'dashed', points: steps(before.targets) },
    { name: 'two people, before', colour: 'orange', kind: 'dashed', points: steps(before.nontargets) },
  ] as const;
  const highest = Math.max(...series.flatMap(({ points }) => points.map(({ y }) => y)));
  const top = [5, 10, 20, 30, 50].find((percent) => percent >= highest) ?? 100;
  const x: Axis = {
    label: 'log-likelihood ratio (natural); above 0: one person',
    from: -limit,
    to: limit,
    ticks: [-1, -0.5, 0, 0.5, 1].map((part) => ({ at: part * limit, text: String(part * limit) })),
  };
  const y: Axis = {
    label: 'share of the pairs (%)',
    from: 0,
    to: top,
    ticks: [0, 0.2, 0.4, 0.6, 0.8, 1].map((part) => ({
      at: part * top,
      text: String(Math.round(10 * part * top) / 10),
    })),
  };
  return chartSvg({ title: 'Scores of held-out people', x, y, series });
}

/** Misses over false alarms on normal-deviate scales, as A. Martin et al. draw them (Eurospeech 1997). */
export function detSvg(before: Trials, after: Trials): string {
  const axis = (label: string): Axis => ({
    label,
    from: probit(0.0005),
    to: probit(0.6),
    ticks: RATES_PERCENT.map((percent) => ({ at: probit(percent / 100), text: String(percent) })),
  });
  const curve = (trials: Trials) =>
    detPoints(trials).map(({ x, y }) => ({ x: probit(bounded(x)), y: probit(bounded(y)) }));
  return chartSvg({
    title: 'Detection error trade-off, held-out people',
    x: axis('false alarms: different people accepted as one (%)'),
    y: axis('misses: one person rejected as two (%)'),
    series: [
      { name: 'before', colour: 'grey', kind: 'dashed', points: curve(before) },
      { name: 'after', colour: 'blue', kind: 'line', points: curve(after) },
    ],
  });
}

/** Reliability diagram: claimed against observed probability; calibrated scores are on the diagonal. */
export function reliabilitySvg(before: Trials, after: Trials): string {
  const axis = (label: string): Axis => ({
    label,
    from: 0,
    to: 100,
    ticks: SHARES_PERCENT.map((percent) => ({ at: percent, text: String(percent) })),
  });
  const curve = (trials: Trials) => reliability(trials, LEAST_PAIRS).map(({ x, y }) => ({ x: 100 * x, y: 100 * y }));
  return chartSvg({
    title: 'Reliability, held-out people',
    x: axis('predicted probability of one person (%)'),
    y: axis('observed share of one person, both kinds weighted equally (%)'),
    series: [
      {
        name: 'honest',
        colour: 'grey',
        kind: 'dashed',
        points: [
          { x: 0, y: 0 },
          { x: 100, y: 100 },
        ],
      },
      { name: 'before', colour: 'orange', kind: 'dots', points: curve(before) },
      { name: 'after', colour: 'blue', kind: 'dots', points: curve(after) },
    ],
  });
}

function quantile(values: Float64Array, share: number): number {
  const sorted = values.toSorted();
  return sorted[Math.round(share * (sorted.length - 1))] ?? 0;
}

const bounded = (rate: number): number => Math.min(0.9999, Math.max(0.0001, rate));

/** Inverse of the normal distribution function; Odeh and Evans' rational approximation (AS 70, 1974), to 1.5e-8. */
function probit(share: number): number {
  if (share === 0.5) return 0;
  const tail = Math.min(share, 1 - share);
  const y = Math.sqrt(-2 * Math.log(tail));
  const above = 0.322232431088 + y * (1 + y * (0.342242088547 + y * (0.0204231210245 + y * 0.453642210148e-4)));
  const below =
    0.099348462606 + y * (0.588581570495 + y * (0.531103462366 + y * (0.10353775285 + y * 0.38560700634e-2)));
  return (share < 0.5 ? -1 : 1) * (y - above / below);
}
