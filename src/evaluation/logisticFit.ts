/** One observation: its features (the first is usually 1, for the offset) and whether it is of the class. */
export interface Observation {
  readonly features: readonly number[];
  readonly isTarget: boolean;
  /** How much it counts among those of its class; 1 where not given. */
  readonly weight?: number;
}

/** Regularizes the weights towards prior values; `strength` is relative to a mean loss of order 1. */
export interface LogisticPrior {
  readonly strength: number;
  readonly weights: readonly number[];
}

/** Keeps the normal equations solvable where a feature never varies. */
const RIDGE = 1e-6;
const MAX_STEPS = 50;

/**
 * Weights whose sum with the features is the natural-log likelihood ratio: logistic regression in which both classes
 * weigh half, however much there is of each, so that no prior gets into the offset. Newton's method.
 *
 * @returns shape (features,)
 */
export function logisticFit(observations: readonly Observation[], prior?: LogisticPrior): number[] {
  const size = observations[0]?.features.length ?? 0;
  const { strength, weights: expected } = prior ?? { strength: RIDGE, weights: new Array<number>(size).fill(0) };
  const totalOf = (wanted: boolean) =>
    observations.reduce((sum, { isTarget, weight = 1 }) => sum + (isTarget === wanted ? weight : 0), 0);
  const half = { target: 0.5 / totalOf(true), nontarget: 0.5 / totalOf(false) };
  let weights = [...expected];
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const gradient = weights.map((weight, i) => strength * (expected[i]! - weight));
    const hessian = weights.map((_, row) => weights.map((__, column) => (row === column ? strength : 0)));
    for (const { features, isTarget, weight: own = 1 } of observations) {
      const weight = own * (isTarget ? half.target : half.nontarget);
      const probability = 1 / (1 + Math.exp(-dotOf(features, weights)));
      const slope = weight * (Number(isTarget) - probability);
      const curve = weight * probability * (1 - probability);
      for (let i = 0; i < size; i += 1) {
        gradient[i]! += slope * features[i]!;
        for (let j = 0; j < size; j += 1) hessian[i]![j]! += curve * features[i]! * features[j]!;
      }
    }
    const change = solve(hessian, gradient);
    weights = weights.map((weight, i) => weight + change[i]!);
    if (Math.max(...change.map(Math.abs)) < 1e-7) break;
  }
  return weights;
}

const dotOf = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** Gaussian elimination with pivoting. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const size = right.length;
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  for (let column = 0; column < size; column += 1) {
    let pivot = column;
    for (let row = column + 1; row < size; row += 1) {
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (let row = 0; row < size; row += 1) {
      if (row === column) continue;
      const factor = rows[row]![column]! / rows[column]![column]!;
      for (let k = column; k <= size; k += 1) rows[row]![k]! -= factor * rows[column]![k]!;
    }
  }
  return rows.map((row, i) => row[size]! / row[i]!);
}
