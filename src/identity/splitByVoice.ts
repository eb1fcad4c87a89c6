import { exactSecondsOfSamples } from '../core/time.js';
import type { ClusteredWindows, Windows } from './clusterWindows.js';
import { compare, type MatchOptions } from './matchVoices.js';
import { stickyPath } from './stickyPath.js';
import type { EnrolledVoice } from './voices.js';

/** When a voice is two people's. Found on conversations of other seeds than those that are reported. */
export const SPLIT_TUNING = {
  /** Cost, as llr, of another person than in the window before. */
  changeLlr: 3,
  /** Windows that a person must have: fewer are chance. */
  leastWindows: 2,
  /** How much likelier, as llr a window, each part is its own person than the other's, both parts added up. */
  leastContrast: 3,
};

/**
 * Looks at each voice of the recording with the enrolled people in mind: where some of its windows are clearly one
 * person's and others another's, the clustering has taken two people for one, and the voice is split.
 *
 * @returns voice of each window, shape (windows,); numbers need not be consecutive
 */
export function splitByVoice(
  input: Windows,
  found: ClusteredWindows,
  enrolled: readonly EnrolledVoice[],
  options: MatchOptions,
): Int32Array {
  const labels = found.labels.slice();
  if (enrolled.length < 2) return labels;
  const llrs = windowLlrs(input, enrolled, options);
  let next = found.voices;
  for (let voice = 0; voice < found.voices; voice += 1) {
    const rows = [...found.labels.keys()].filter((row) => found.labels[row] === voice);
    const parts = partsOf(rows, llrs, enrolled.length);
    for (const part of parts.slice(1)) {
      for (const row of part) labels[row] = next;
      next += 1;
    }
  }
  return labels;
}

/** llr of each window with each enrolled person, row-major, shape (windows, enrolled). */
function windowLlrs(
  { dimensions, embeddings, windows }: Windows,
  enrolled: readonly EnrolledVoice[],
  options: MatchOptions,
) {
  const columnOf = new Map(enrolled.map(({ id }, column) => [id, column]));
  const llrs = new Float32Array(windows.length * enrolled.length);
  windows.forEach(({ startSample, endSample }, row) => {
    const centroid = embeddings.subarray(row * dimensions, (row + 1) * dimensions);
    const speechSeconds = exactSecondsOfSamples(endSample - startSample);
    for (const { voice, llr } of compare({ centroid, speechSeconds }, enrolled, options)) {
      llrs[row * enrolled.length + columnOf.get(voice.id)!] = llr;
    }
  });
  return llrs;
}

/** The windows of one voice by person, the largest part first; one part where they are all one person's or nobody's. */
function partsOf(rows: readonly number[], llrs: Float32Array, people: number): number[][] {
  const likeness = new Float32Array(rows.length * people);
  rows.forEach((row, i) => {
    likeness.set(llrs.subarray(row * people, (row + 1) * people), i * people);
  });
  const changeCost = new Float32Array(rows.length).fill(SPLIT_TUNING.changeLlr);
  const path = stickyPath({ windows: rows.length, voices: people, likeness, changeCost });
  const parts = new Map<number, number[]>();
  path.forEach((person, i) => {
    parts.set(person, [...(parts.get(person) ?? []), rows[i]!]);
  });
  const ordered = [...parts].sort((a, b) => b[1].length - a[1].length);
  const [main] = ordered;
  const meanLlr = (part: readonly number[], person: number) =>
    part.reduce((sum, row) => sum + llrs[row * people + person]!, 0) / part.length;
  const clear = ordered.slice(1).filter(([person, part]) => {
    const own = meanLlr(part, person) - meanLlr(part, main![0]);
    const contrast = own + meanLlr(main![1], main![0]) - meanLlr(main![1], person);
    return (
      part.length >= SPLIT_TUNING.leastWindows && contrast >= SPLIT_TUNING.leastContrast && meanLlr(part, person) > 0
    );
  });
  const split = new Set(clear.flatMap(([, part]) => part));
  return [rows.filter((row) => !split.has(row)), ...clear.map(([, part]) => part)];
}
