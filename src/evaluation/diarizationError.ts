import { optimalAssignment } from './optimalAssignment.js';
import type { LabelledSegment } from './rttm.js';

export interface DiarizationErrorOptions {
  /** Unscored time on each side of every start and end of the reference; default 0. */
  readonly collarMs?: number;
  /** True: no mapping, the names must agree; default false. */
  readonly isNamed?: boolean;
  /**
   * Only with `isNamed`: the enrolled people. Everyone else in the reference, and every other label of the
   * hypothesis, counts as one voice, "unknown". Default: every label but `unknown…`, `null` and `<NA>`.
   */
  readonly enrolled?: readonly string[];
  /** Segments excluded from scoring, e.g. those a voice was enrolled from. Seconds. */
  readonly unscored?: readonly { readonly start: number; readonly end: number }[];
}

/** In seconds, so that recordings can be summed; `diarizationPercent` gives percentages. */
export interface DiarizationError {
  readonly missedSeconds: number;
  readonly falseAlarmSeconds: number;
  readonly confusionSeconds: number;
  /** Scored speech of the reference; overlap counts once per voice. */
  readonly totalSeconds: number;
  /** Sum over the reference's voices of 1 - |both| / |either|, and the number of voices. */
  readonly jaccardErrors: number;
  readonly voices: number;
}

/** Output of `eval der`. */
export interface DiarizationPercent {
  readonly derPercent: number;
  readonly missedPercent: number;
  readonly falseAlarmPercent: number;
  readonly confusionPercent: number;
  readonly jerPercent: number;
}

/** An interval in which no label starts or stops: how many segments of each label are active on either side. */
interface Cell {
  readonly seconds: number;
  readonly reference: ReadonlyMap<string, number>;
  readonly hypothesis: ReadonlyMap<string, number>;
}

/**
 * Diarization error of one recording, overlap scored.
 * Reference: NIST RT-09 plan; equals `pyannote.metrics` DiarizationErrorRate and JaccardErrorRate with twice this `collar`
 * (theirs is the total width), checked by scripts/accuracy/checkDer.py.
 */
export function diarizationErrorOf(
  reference: readonly LabelledSegment[],
  hypothesis: readonly LabelledSegment[],
  { collarMs = 0, isNamed = false, enrolled, unscored = [] }: DiarizationErrorOptions = {},
): DiarizationError {
  const named = (segments: readonly LabelledSegment[]) =>
    isNamed ? segments.map((segment) => ({ ...segment, label: knownOr(segment.label, enrolled) })) : segments;
  const cells = cellsOf(named(reference), named(hypothesis), { collarSeconds: collarMs / 1000, unscored });
  const mapping = isNamed ? undefined : mappingOf(cells);
  let missedSeconds = 0;
  let falseAlarmSeconds = 0;
  let confusionSeconds = 0;
  let totalSeconds = 0;
  for (const { seconds, reference: referenceLabels, hypothesis: hypothesisLabels } of cells) {
    const voices = countOf(referenceLabels);
    const answers = countOf(hypothesisLabels);
    let right = 0;
    for (const [label, count] of referenceLabels) {
      const answer = mapping ? mapping.get(label) : label;
      if (answer !== undefined) right += Math.min(count, hypothesisLabels.get(answer) ?? 0);
    }
    totalSeconds += seconds * voices;
    missedSeconds += seconds * Math.max(0, voices - answers);
    falseAlarmSeconds += seconds * Math.max(0, answers - voices);
    confusionSeconds += seconds * (Math.min(voices, answers) - right);
  }
  return { missedSeconds, falseAlarmSeconds, confusionSeconds, totalSeconds, ...jaccardOf(cells, mapping) };
}

/** Percentages over any number of recordings: seconds are summed first. All 0 where there is no speech. */
export function diarizationPercent(errors: readonly DiarizationError[]): DiarizationPercent {
  const sum = (of: (error: DiarizationError) => number) => errors.reduce((total, error) => total + of(error), 0);
  const percent = (part: number, whole: number) => (whole > 0 ? (100 * part) / whole : 0);
  const total = sum((error) => error.totalSeconds);
  const missed = sum((error) => error.missedSeconds);
  const falseAlarm = sum((error) => error.falseAlarmSeconds);
  const confusion = sum((error) => error.confusionSeconds);
  return {
    derPercent: percent(missed + falseAlarm + confusion, total),
    missedPercent: percent(missed, total),
    falseAlarmPercent: percent(falseAlarm, total),
    confusionPercent: percent(confusion, total),
    jerPercent: percent(
      sum((error) => error.jaccardErrors),
      sum((error) => error.voices),
    ),
  };
}

/** Labels that programs use for a voice without a name. */
const NOBODY = /^(unknown.*|null|<NA>)$/i;

function knownOr(label: string, enrolled: readonly string[] | undefined): string {
  const isKnown = enrolled ? enrolled.includes(label) : !NOBODY.test(label);
  return isKnown ? label : 'unknown';
}

const countOf = (labels: ReadonlyMap<string, number>) => [...labels.values()].reduce((sum, count) => sum + count, 0);

/** Splits time at every start and end; time within the collar is dropped. */
function cellsOf(
  reference: readonly LabelledSegment[],
  hypothesis: readonly LabelledSegment[],
  {
    collarSeconds,
    unscored,
  }: { collarSeconds: number; unscored: readonly { readonly start: number; readonly end: number }[] },
): Cell[] {
  type Edge = { at: number; change(referenceLabels: Map<string, number>, hypothesisLabels: Map<string, number>): void };
  let excluded = 0; // number of collars and unscored segments that contain this moment
  const exclude = (by: number) => {
    excluded += by;
  };
  const add = (labels: Map<string, number>, label: string, by: number) => {
    const count = (labels.get(label) ?? 0) + by;
    if (count > 0) labels.set(label, count);
    else labels.delete(label);
  };
  const edges: Edge[] = [];
  for (const { start, end, label } of reference) {
    edges.push(
      { at: start, change: (referenceLabels) => add(referenceLabels, label, 1) },
      { at: end, change: (referenceLabels) => add(referenceLabels, label, -1) },
    );
    for (const at of collarSeconds > 0 ? [start, end] : []) {
      edges.push({ at: at - collarSeconds, change: () => exclude(1) });
      edges.push({ at: at + collarSeconds, change: () => exclude(-1) });
    }
  }
  for (const { start, end } of unscored)
    edges.push({ at: start, change: () => exclude(1) }, { at: end, change: () => exclude(-1) });
  for (const { start, end, label } of hypothesis) {
    edges.push({ at: start, change: (_, hypothesisLabels) => add(hypothesisLabels, label, 1) });
    edges.push({ at: end, change: (_, hypothesisLabels) => add(hypothesisLabels, label, -1) });
  }
  edges.sort((a, b) => a.at - b.at);
  const cells: Cell[] = [];
  const referenceLabels = new Map<string, number>();
  const hypothesisLabels = new Map<string, number>();
  edges.forEach((edge, i) => {
    edge.change(referenceLabels, hypothesisLabels);
    const seconds = (edges[i + 1]?.at ?? edge.at) - edge.at;
    if (seconds > 0 && excluded === 0 && referenceLabels.size + hypothesisLabels.size > 0) {
      cells.push({ seconds, reference: new Map(referenceLabels), hypothesis: new Map(hypothesisLabels) });
    }
  });
  return cells;
}

const labelsOf = (cells: readonly Cell[], side: 'reference' | 'hypothesis') => [
  ...new Set(cells.flatMap((cell) => [...cell[side].keys()])),
];

/** Mapping of hypothesis labels to reference labels with the most shared time. */
function mappingOf(cells: readonly Cell[]): Map<string, string> {
  const referenceLabels = labelsOf(cells, 'reference');
  const hypothesisLabels = labelsOf(cells, 'hypothesis');
  const shared = referenceLabels.map((label) =>
    hypothesisLabels.map((answer) =>
      cells.reduce(
        (sum, cell) => sum + cell.seconds * Math.min(cell.reference.get(label) ?? 0, cell.hypothesis.get(answer) ?? 0),
        0,
      ),
    ),
  );
  const columnOf = optimalAssignment(shared);
  return new Map(
    referenceLabels.flatMap((label, row) =>
      columnOf[row]! < 0 ? [] : [[label, hypothesisLabels[columnOf[row]!]!] as const],
    ),
  );
}

function jaccardOf(cells: readonly Cell[], mapping: ReadonlyMap<string, string> | undefined) {
  const labels = labelsOf(cells, 'reference');
  const jaccardErrors = labels.reduce((sum, label) => {
    const answer = mapping ? mapping.get(label) : label;
    let both = 0;
    let either = 0;
    for (const { seconds, reference, hypothesis } of cells) {
      const isInReference = reference.has(label);
      const isInHypothesis = answer !== undefined && hypothesis.has(answer);
      if (isInReference && isInHypothesis) both += seconds;
      if (isInReference || isInHypothesis) either += seconds;
    }
    return sum + 1 - both / either;
  }, 0);
  return { jaccardErrors, voices: labels.length };
}
