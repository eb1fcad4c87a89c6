import { ENGINE_SAMPLE_RATE_HZ } from '../../core/audioFrame.js';

/** Zero crossings of the sinc on each side, counted at the lower of the two rates. */
const ZERO_CROSSINGS = 28;
/** Kaiser window's shape: about 75 dB of stopband. Kaiser, Schafer, IEEE Trans. ASSP 28(1), 1980: .1102 (A - 8.7). */
const KAISER_BETA = 7.3;
/** -6 dB point as a part of the lower rate's Nyquist frequency: the passband ends at .89, the stopband begins at 1.03. */
const CUTOFF = 0.96;
/** Up to here every phase of the ratio has its own row; beyond, neighbouring rows of 512 are interpolated. */
const MAX_EXACT_PHASES = 1_024;
const INTERPOLATED_PHASES = 512;

/** Coefficients of a resampling filter: a row for each position of an output between two input samples. */
export interface FilterTable {
  /** Row-major, shape (phases, taps) or, interpolated, (phases + 1, taps); the sum of each row is 1. */
  readonly rows: Float32Array<ArrayBuffer>;
  readonly phases: number;
  /** A multiple of 8. The output stands after tap `taps / 2 - 1`. */
  readonly taps: number;
  readonly isInterpolated: boolean;
}

/** The rates in use are few. Interpolated tables (of odd rates) are not kept. */
const exactTables = new Map<number, FilterTable>();

/** @param units how many positions between two input samples outputs may take: 16000 / gcd(16000, rate) */
export function filterTable(rateHz: number, units: number): FilterTable {
  const known = exactTables.get(rateHz);
  if (known) return known;
  const taps = 8 * Math.ceil((ZERO_CROSSINGS * Math.max(1, rateHz / ENGINE_SAMPLE_RATE_HZ)) / 4);
  const cutoff = CUTOFF * Math.min(1, ENGINE_SAMPLE_RATE_HZ / rateHz); // of the input's Nyquist frequency
  const isInterpolated = units > MAX_EXACT_PHASES;
  const phases = isInterpolated ? INTERPOLATED_PHASES : units;
  const rows = new Float32Array((isInterpolated ? phases + 1 : phases) * taps);
  for (let at = 0, phase = 0; at < rows.length; at += taps, phase += 1) {
    rows.set(filterRow(taps, phase / phases, cutoff), at);
  }
  const table = { rows, phases, taps, isInterpolated };
  if (!isInterpolated) exactTables.set(rateHz, table);
  return table;
}

/** Coefficients for an output standing `offset` (0..1) after tap `taps / 2 - 1`. */
function filterRow(taps: number, offset: number, cutoff: number): Float64Array {
  const half = taps / 2;
  const row = Float64Array.from({ length: taps }, (_, i) => {
    const x = i - (half - 1) - offset;
    const edge = x / half;
    return Math.abs(edge) >= 1 ? 0 : besselI0(KAISER_BETA * Math.sqrt(1 - edge * edge)) * sinc(cutoff * x);
  });
  const sum = row.reduce((total, value) => total + value, 0);
  return row.map((value) => value / sum);
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Modified Bessel function of order 0, by its power series. */
function besselI0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-12; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
