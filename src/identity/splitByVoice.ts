import type { SampleSpan } from '../core/audioFrame.js';
import { exactSecondsOfSamples } from '../core/time.js';
import { unit } from '../core/vector.js';
import type { ClusteredWindows, Windows } from './clusterWindows.js';
import { compare, type HeardVoice, type MatchOptions } from './matchVoices.js';
import { stickyPath } from './stickyPath.js';
import type { EnrolledVoice } from './voices.js';

/** When a voice is two people's. Found on conversations of other seeds than those that are reported. */
export const SPLIT_TUNING = {
  /** Cost, as llr, of another person than in the window before. */
  changeLlr: 3,
  /** Speech that a person must have, whatever windows overlap in it: less is chance. */
  leastSeconds: 1,
  /** llr of all that is laid to a person, from which it is theirs; of a stranger's, below its negative. */
  leastLlr: 1,
  /** How much likelier, as llr, each part is its own person than the other's, both parts added up. */
  leastContrast: 6,
};

/**
 * Looks at each voice of the recording with the enrolled people in mind: where some of its windows are clearly one
 * person's and others another's or a stranger's, the clustering has taken two people for one, and the voice is split.
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
  if (enrolled.length === 0) return labels;
  const splitter = new Splitter(input, enrolled, options);
  let next = found.voices;
  for (let voice = 0; voice < found.voices; voice += 1) {
    const rows = [...found.labels.keys()].filter((row) => found.labels[row] === voice);
    for (const part of splitter.partsLeaving(rows)) {
      for (const row of part) labels[row] = next;
      next += 1;
    }
  }
  return labels;
}

class Splitter {
  readonly #input: Windows;
  readonly #enrolled: readonly EnrolledVoice[];
  readonly #options: MatchOptions;
  /** Number of a stranger, behind those of the enrolled people. */
  readonly #stranger: number;
  readonly #columnOf: ReadonlyMap<string, number>;

  constructor(input: Windows, enrolled: readonly EnrolledVoice[], options: MatchOptions) {
    this.#input = input;
    this.#enrolled = enrolled;
    this.#options = options;
    this.#stranger = enrolled.length;
    this.#columnOf = new Map(enrolled.map(({ id }, column) => [id, column]));
  }

  /** What of one voice's windows is clearly somebody else's than the largest part. */
  partsLeaving(rows: readonly number[]): number[][] {
    const people = this.#stranger + 1;
    const likeness = new Float32Array(rows.length * people);
    rows.forEach((row, i) => {
      likeness.set(this.#llrs(this.#heard([row])), i * people);
    });
    const changeCost = new Float32Array(rows.length).fill(SPLIT_TUNING.changeLlr);
    const path = stickyPath({ windows: rows.length, voices: people, likeness, changeCost });
    const parts = new Map<number, number[]>();
    path.forEach((person, i) => {
      parts.set(person, [...(parts.get(person) ?? []), rows[i]!]);
    });
    if (parts.size < 2) return [];
    const heard = [...parts].map(([person, part]) => ({ person, part, heard: this.#heard(part) }));
    const [main, ...others] = heard.sort((a, b) => b.heard.speechSeconds - a.heard.speechSeconds);
    const mainLlrs = this.#llrs(main!.heard);
    return others
      .filter(({ person, heard: own }) => {
        const llrs = this.#llrs(own);
        const contrast = llrs[person]! - llrs[main!.person]! + mainLlrs[main!.person]! - mainLlrs[person]!;
        const isTheirs =
          person === this.#stranger
            ? llrs[main!.person]! <= -SPLIT_TUNING.leastLlr
            : llrs[person]! >= SPLIT_TUNING.leastLlr;
        return isTheirs && own.speechSeconds >= SPLIT_TUNING.leastSeconds && contrast >= SPLIT_TUNING.leastContrast;
      })
      .map(({ part }) => part);
  }

  /** llr of each enrolled person, and 0 for a stranger. */
  #llrs(heard: HeardVoice): Float64Array {
    const llrs = new Float64Array(this.#stranger + 1);
    for (const { voice, llr } of compare(heard, this.#enrolled, this.#options)) llrs[this.#columnOf.get(voice.id)!] = llr;
    return llrs;
  }

  /** Windows as one voice; what several of them cover counts once. */
  #heard(rows: readonly number[]): HeardVoice {
    const { dimensions, embeddings, windows } = this.#input;
    const sum = new Float32Array(dimensions);
    for (const row of rows) {
      const samples = windows[row]!.endSample - windows[row]!.startSample;
      for (let k = 0; k < dimensions; k += 1) sum[k]! += samples * embeddings[row * dimensions + k]!;
    }
    const speechSeconds = exactSecondsOfSamples(coveredSamples(rows.map((row) => windows[row]!)));
    return { centroid: unit(sum), speechSeconds };
  }
}

function coveredSamples(spans: readonly SampleSpan[]): number {
  let covered = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { startSample, endSample } of [...spans].sort((a, b) => a.startSample - b.startSample)) {
    covered += Math.max(0, endSample - Math.max(startSample, until));
    until = Math.max(until, endSample);
  }
  return covered;
}
