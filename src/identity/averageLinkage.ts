/** Groups of embeddings as sums: the mean cosine between two groups is then one dot product. */
export interface GroupedEmbeddings {
  readonly dimensions: number;
  /** Sum of the unit-norm embeddings of each group, row-major, shape (groups, dimensions). */
  readonly sums: Float32Array;
  /** Embeddings in each group, or their weight, shape (groups,); above 0. */
  readonly weights: Float64Array;
}

/** Groups clustered at once: the similarity matrix is at most 1000² floats, 4 MB. */
const BLOCK = 1000;

/** Half-open range of groups. */
interface Block {
  readonly from: number;
  readonly to: number;
}

/** When clustering stops. */
export interface LinkageStop {
  /** Groups with at least this cosine are merged. */
  readonly cosine: number;
  /** If more groups are left, less similar ones are merged, too. */
  readonly maxGroups: number;
}

const STEP = 0.05; // of the cosine, while there are too many groups

/**
 * Agglomerative clustering with average linkage on the cosine, exactly for up to 1,000 groups (nearest-neighbour chain,
 * F. Murtagh, "A survey of recent advances in hierarchical clustering algorithms", 1983: O(n²) time); more in blocks in
 * the order given, and then the block results among each other, so that hours of audio take bounded memory.
 *
 * @returns label of each group, shape (groups,)
 */
export function averageLinkage(groups: GroupedEmbeddings, { cosine, maxGroups }: LinkageStop): Int32Array {
  let labels = Int32Array.from(groups.weights, (_, i) => i);
  let current = groups;
  for (let stop = cosine; ; ) {
    const { merged, count } = inBlocks(current, stop);
    labels = labels.map((label) => merged[label]!);
    const before = current.weights.length;
    if (count < before) current = pooled(current, merged, count);
    const mayJoinBlocks = before > BLOCK && count < before;
    if (mayJoinBlocks) continue;
    if (count <= maxGroups || stop < -1) return labels;
    stop -= STEP;
  }
}

/** Each block by itself; labels are numbered through. */
function inBlocks(groups: GroupedEmbeddings, stopCosine: number): { merged: Int32Array; count: number } {
  const total = groups.weights.length;
  const merged = new Int32Array(total);
  let count = 0;
  for (let from = 0; from < total; from += BLOCK) {
    const to = Math.min(from + BLOCK, total);
    const part = chain(groups, { from, to }, stopCosine);
    for (let i = from; i < to; i += 1) merged[i] = count + part[i - from]!;
    count += 1 + part.reduce((highest, label) => Math.max(highest, label), -1);
  }
  return { merged, count };
}

/** Sums and weights of the groups that share a label. */
function pooled({ dimensions, sums, weights }: GroupedEmbeddings, labels: Int32Array, count: number) {
  const out = { dimensions, sums: new Float32Array(count * dimensions), weights: new Float64Array(count) };
  labels.forEach((label, row) => {
    out.weights[label]! += weights[row]!;
    for (let i = 0; i < dimensions; i += 1) out.sums[label * dimensions + i]! += sums[row * dimensions + i]!;
  });
  return out;
}

/** Mean cosines of groups `from` to `to`, each with each, shape (n, n); the diagonal is -Infinity. */
function similarities({ dimensions, sums, weights }: GroupedEmbeddings, from: number, to: number): Float32Array {
  const n = to - from;
  const whole = dimensions - (dimensions % 4);
  const matrix = new Float32Array(n * n).fill(Number.NEGATIVE_INFINITY);
  for (let a = 0; a < n; a += 1) {
    const rowA = (from + a) * dimensions;
    for (let b = a + 1; b < n; b += 1) {
      const rowB = (from + b) * dimensions;
      // Four sums at once: the processor need not wait for one addition to start the next.
      let [p, q, r, t] = [0, 0, 0, 0];
      for (let i = 0; i < whole; i += 4) {
        p += sums[rowA + i]! * sums[rowB + i]!;
        q += sums[rowA + i + 1]! * sums[rowB + i + 1]!;
        r += sums[rowA + i + 2]! * sums[rowB + i + 2]!;
        t += sums[rowA + i + 3]! * sums[rowB + i + 3]!;
      }
      for (let i = whole; i < dimensions; i += 1) p += sums[rowA + i]! * sums[rowB + i]!;
      const cosine = (p + q + r + t) / (weights[from + a]! * weights[from + b]!);
      matrix[a * n + b] = cosine;
      matrix[b * n + a] = cosine;
    }
  }
  return matrix;
}

/** One block, exactly. Average linkage never makes a merged pair more similar to a third, so a pair below the stop is final. */
function chain(groups: GroupedEmbeddings, { from, to }: Block, stopCosine: number): Int32Array {
  const n = to - from;
  const matrix = similarities(groups, from, to);
  const weights = groups.weights.slice(from, to);
  const owner = Int32Array.from({ length: n }, (_, i) => i);
  const isOpen = new Uint8Array(n).fill(1);
  const path: number[] = [];
  for (let seed = 0; seed < n; ) {
    if (path.length === 0) {
      if (!isOpen[seed]) {
        seed += 1;
        continue;
      }
      path.push(seed);
    }
    const top = path.at(-1)!;
    const below = path.at(-2);
    const nearest = nearestTo(matrix, n, top, below, isOpen);
    const cosine = nearest < 0 ? Number.NEGATIVE_INFINITY : matrix[top * n + nearest]!;
    if (nearest !== below && cosine >= stopCosine) path.push(nearest);
    else if (cosine < stopCosine) {
      isOpen[top] = 0;
      path.pop();
    } else {
      path.length -= 2;
      merge({ matrix, n, weights, isOpen }, nearest, top);
      owner[top] = nearest;
    }
  }
  return labelsOf(owner);
}

/** The open group most similar to `row`; the previous one in the chain wins a tie, or the chain would not end. */
function nearestTo(
  matrix: Float32Array,
  n: number,
  row: number,
  before: number | undefined,
  isOpen: Uint8Array,
): number {
  let best = before ?? -1;
  let highest = before === undefined ? Number.NEGATIVE_INFINITY : matrix[row * n + before]!;
  for (let i = 0; i < n; i += 1) {
    if (isOpen[i] && matrix[row * n + i]! > highest) [best, highest] = [i, matrix[row * n + i]!];
  }
  return best;
}

/** `gone` joins `kept`: its similarities become the weighted mean of both (Lance–Williams). */
function merge(
  { matrix, n, weights, isOpen }: { matrix: Float32Array; n: number; weights: Float64Array; isOpen: Uint8Array },
  kept: number,
  gone: number,
): void {
  const total = weights[kept]! + weights[gone]!;
  isOpen[gone] = 0;
  for (let i = 0; i < n; i += 1) {
    if (i === kept || !isOpen[i]) continue;
    const cosine = (weights[kept]! * matrix[kept * n + i]! + weights[gone]! * matrix[gone * n + i]!) / total;
    matrix[kept * n + i] = cosine;
    matrix[i * n + kept] = cosine;
  }
  weights[kept] = total;
}

/** Follows each group to the one it ended in, and numbers those in order of appearance. */
function labelsOf(owner: Int32Array): Int32Array {
  const numbers = new Map<number, number>();
  return owner.map((_, row) => {
    let root = row;
    while (owner[root] !== root) root = owner[root]!;
    if (!numbers.has(root)) numbers.set(root, numbers.size);
    return numbers.get(root)!;
  });
}
