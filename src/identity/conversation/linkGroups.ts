import type { GroupedEmbeddings } from '../averageLinkage.js';

/** Constraints between two groups; `a` and `b` are rows of the groups. */
export interface Relation {
  readonly a: number;
  readonly b: number;
  /** Frames in which the two are two local voices of one chunk, and in which they are one, each pair the shorter of both. */
  readonly apart: number;
  readonly together: number;
}

/** When linkage stops. */
export interface LinkStop {
  /** Groups with at least this cosine are merged, unless the segmentation network separated them. */
  readonly cosine: number;
  /** If more groups are left, less similar ones are merged, too. */
  readonly maxGroups: number;
}

/** Groups separated for at least this many frames, and for this share of the time, are never merged. */
export const APART_TUNING = { frames: 400, share: 0.7 };

/** Groups linked at once: the matrices are at most 1000² numbers each. */
const BLOCK = 1000;
const STEP = 0.05; // of the cosine, while there are too many groups

/**
 * Agglomerative clustering with average linkage on the cosine, under the constraint that two groups which the
 * segmentation network separated within one chunk are two people. More than 1,000 groups are linked in blocks in
 * the order given, and then the block results among each other, so that hours of audio take bounded memory.
 *
 * @returns label of each group, shape (groups,), numbered in order of appearance
 */
export function linkGroups(
  groups: GroupedEmbeddings,
  relations: readonly Relation[],
  { cosine, maxGroups }: LinkStop,
): Int32Array {
  let labels = Int32Array.from(groups.weights, (_, i) => i);
  let current = { groups, relations };
  for (let stop = cosine; ; ) {
    const before = current.groups.weights.length;
    const { merged, count } = inBlocks(current, stop);
    labels = labels.map((label) => merged[label]!);
    if (count < before) current = pooled(current, merged, count);
    const mayJoinBlocks = before > BLOCK && count < before;
    if (mayJoinBlocks) continue;
    if (count <= maxGroups || stop < -1) return labels;
    stop -= STEP;
  }
}

interface Linking {
  readonly groups: GroupedEmbeddings;
  readonly relations: readonly Relation[];
}

/** Each block by itself; labels are numbered through. */
function inBlocks({ groups, relations }: Linking, stop: number): { merged: Int32Array; count: number } {
  const total = groups.weights.length;
  const merged = new Int32Array(total);
  let count = 0;
  for (let from = 0; from < total; from += BLOCK) {
    const to = Math.min(from + BLOCK, total);
    const inside = relations.filter(({ a, b }) => a >= from && b >= from && a < to && b < to);
    const labels = new BlockLinkage(groups, inside, from, to).labels(stop);
    labels.forEach((label, i) => {
      merged[from + i] = count + label;
    });
    count += 1 + labels.reduce((highest, label) => Math.max(highest, label), -1);
  }
  return { merged, count };
}

/** Merges the groups that share a label, and the constraints between them. */
function pooled({ groups, relations }: Linking, labels: Int32Array, count: number): Linking {
  const { dimensions, sums, weights } = groups;
  const out = { dimensions, sums: new Float32Array(count * dimensions), weights: new Float64Array(count) };
  labels.forEach((label, row) => {
    out.weights[label]! += weights[row]!;
    for (let i = 0; i < dimensions; i += 1) out.sums[label * dimensions + i]! += sums[row * dimensions + i]!;
  });
  const pairs = new Map<number, Relation>();
  for (const { a, b, apart, together } of relations) {
    const [one, other] = [Math.min(labels[a]!, labels[b]!), Math.max(labels[a]!, labels[b]!)];
    if (one === other) continue;
    const known = pairs.get(one * count + other) ?? { apart: 0, together: 0 };
    pairs.set(one * count + other, {
      a: one,
      b: other,
      apart: known.apart + apart,
      together: known.together + together,
    });
  }
  return { groups: out, relations: [...pairs.values()] };
}

const NEVER = Number.NEGATIVE_INFINITY;

/** One block, exactly: the most similar pair is merged until none is above the threshold. */
class BlockLinkage {
  readonly #size: number;
  /** Each of shape (size, size). */
  readonly #cosine: Float32Array;
  readonly #apart: Float32Array;
  readonly #together: Float32Array;
  readonly #weights: Float64Array;
  readonly #isOpen: Uint8Array;
  readonly #nearest: Int32Array;
  readonly #similarity: Float64Array;

  constructor(
    { dimensions, sums, weights }: GroupedEmbeddings,
    relations: readonly Relation[],
    from: number,
    to: number,
  ) {
    const size = to - from;
    this.#size = size;
    this.#weights = weights.slice(from, to);
    this.#isOpen = new Uint8Array(size).fill(1);
    this.#nearest = new Int32Array(size);
    this.#similarity = new Float64Array(size);
    this.#cosine = new Float32Array(size * size);
    this.#apart = new Float32Array(size * size);
    this.#together = new Float32Array(size * size);
    for (let a = 0; a < size; a += 1) {
      const own = sums.subarray((from + a) * dimensions, (from + a + 1) * dimensions);
      for (let b = a + 1; b < size; b += 1) {
        let sum = 0;
        const at = (from + b) * dimensions;
        for (let i = 0; i < dimensions; i += 1) sum += own[i]! * sums[at + i]!;
        this.#set(this.#cosine, a, b, sum / (this.#weights[a]! * this.#weights[b]!));
      }
    }
    for (const { a, b, apart, together } of relations) {
      this.#set(this.#apart, a - from, b - from, apart);
      this.#set(this.#together, a - from, b - from, together);
    }
  }

  labels(stop: number): Int32Array {
    const owner = Int32Array.from({ length: this.#size }, (_, i) => i);
    for (let row = 0; row < this.#size; row += 1) this.#look(row);
    for (;;) {
      let kept = -1;
      for (let row = 0; row < this.#size; row += 1) {
        if (this.#isOpen[row] && this.#similarity[row]! > (kept < 0 ? NEVER : this.#similarity[kept]!)) kept = row;
      }
      if (kept < 0 || this.#similarity[kept]! < stop) return labelsOf(owner);
      const gone = this.#nearest[kept]!;
      owner[gone] = kept;
      this.#merge(kept, gone);
    }
  }

  #set(matrix: Float32Array, a: number, b: number, value: number): void {
    matrix[a * this.#size + b] = value;
    matrix[b * this.#size + a] = value;
  }

  #similarityOf(a: number, b: number): number {
    const at = a * this.#size + b;
    const frames = this.#apart[at]! + this.#together[at]!;
    const areTwo = frames >= APART_TUNING.frames && this.#apart[at]! >= APART_TUNING.share * frames;
    return areTwo ? NEVER : this.#cosine[at]!;
  }

  /** Finds the group most similar to `row`. */
  #look(row: number): void {
    let nearest = -1;
    let highest = NEVER;
    for (let other = 0; other < this.#size; other += 1) {
      if (other === row || !this.#isOpen[other]) continue;
      const similarity = this.#similarityOf(row, other);
      if (similarity > highest) [nearest, highest] = [other, similarity];
    }
    this.#nearest[row] = nearest;
    this.#similarity[row] = highest;
  }

  /** `gone` joins `kept`. */
  #merge(kept: number, gone: number): void {
    const [keptWeight, goneWeight] = [this.#weights[kept]!, this.#weights[gone]!];
    this.#isOpen[gone] = 0;
    this.#weights[kept] = keptWeight + goneWeight;
    for (let row = 0; row < this.#size; row += 1) {
      if (!this.#isOpen[row] || row === kept) continue;
      const [one, other] = [kept * this.#size + row, gone * this.#size + row];
      const cosine = (keptWeight * this.#cosine[one]! + goneWeight * this.#cosine[other]!) / (keptWeight + goneWeight);
      this.#set(this.#cosine, kept, row, cosine);
      this.#set(this.#apart, kept, row, this.#apart[one]! + this.#apart[other]!);
      this.#set(this.#together, kept, row, this.#together[one]! + this.#together[other]!);
    }
    this.#look(kept);
    for (let row = 0; row < this.#size; row += 1) {
      if (!this.#isOpen[row] || row === kept) continue;
      const nearest = this.#nearest[row]!;
      if (nearest === kept || nearest === gone) this.#look(row);
      else if (this.#similarityOf(row, kept) > this.#similarity[row]!) {
        this.#nearest[row] = kept;
        this.#similarity[row] = this.#similarityOf(row, kept);
      }
    }
  }
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
