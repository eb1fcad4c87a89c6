import type { SampleSpan } from '../core/audioFrame.js';
import { exactSecondsOfSamples } from '../core/time.js';
import { unit } from '../core/vector.js';
import type { ClusteredWindows, Windows } from './clusterWindows.js';
import { type Enrolled, likelyPeople, peopleIn } from './gallery/ranking.js';
import type { MatchOptions, PooledVoice } from './matchVoices.js';
import { othersIn } from './othersIn.js';
import { viterbi } from './viterbi.js';

/** Cost, as llr, of another person than in the window before. */
const CHANGE_LLR = 3;

/**
 * Compares each voice of the recording with the enrolled people: where some of its windows are clearly one
 * person's and others another's or a stranger's, the clustering has merged two people, and the voice is split.
 *
 * @returns voice of each window, shape (windows,); numbers need not be consecutive
 */
export function splitByVoice(
  input: Windows,
  found: ClusteredWindows,
  enrolled: Enrolled,
  options: MatchOptions,
): Int32Array {
  const labels = found.labels.slice();
  if (peopleIn(enrolled) === 0) return labels;
  let next = found.voices;
  for (let voice = 0; voice < found.voices; voice += 1) {
    const rows = [...found.labels.keys()].filter((row) => found.labels[row] === voice);
    const probes = rows.map((row) => pooledIn(input, [row]));
    const { llrsOf } = likelyPeople(probes, enrolled, options);
    const parts = [...rowsByPerson(rows, probes.map(llrsOf))].map(([person, own]) => ({
      person,
      rows: own,
      pooled: pooledIn(input, own),
    }));
    for (const other of othersIn(parts, llrsOf)) {
      for (const row of other.rows) labels[row] = next;
      next += 1;
    }
  }
  return labels;
}

/** Whose each window most likely is, along the likeliest path. */
function rowsByPerson(rows: readonly number[], llrs: readonly Float64Array[]): Map<number, number[]> {
  const people = llrs[0]?.length ?? 0;
  const similarity = new Float32Array(rows.length * people);
  llrs.forEach((own, i) => {
    similarity.set(own, i * people);
  });
  const changeCost = new Float32Array(rows.length).fill(CHANGE_LLR);
  const path = viterbi({ windows: rows.length, voices: people, similarity, changeCost });
  const parts = new Map<number, number[]>();
  path.forEach((person, i) => {
    parts.set(person, [...(parts.get(person) ?? []), rows[i]!]);
  });
  return parts;
}

/** Windows as one voice; what several of them cover counts once. */
function pooledIn({ dimensions, embeddings, windows }: Windows, rows: readonly number[]): PooledVoice {
  const sum = new Float32Array(dimensions);
  for (const row of rows) {
    const samples = windows[row]!.endSample - windows[row]!.startSample;
    for (let k = 0; k < dimensions; k += 1) sum[k]! += samples * embeddings[row * dimensions + k]!;
  }
  return {
    centroid: unit(sum),
    speechSeconds: exactSecondsOfSamples(coveredSamples(rows.map((row) => windows[row]!))),
  };
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
