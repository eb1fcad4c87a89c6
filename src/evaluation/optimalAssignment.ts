/**
 * One-to-one assignment of rows to columns with the largest total gain; `-1` where a row gets none.
 * Hungarian method with potentials, O(n³): H. W. Kuhn, "The Hungarian method for the assignment problem", 1955.
 *
 * @param gain shape (rows, columns), non-negative; a pair of gain 0 is left unassigned
 */
export function optimalAssignment(gain: readonly (readonly number[])[]): number[] {
  const rows = gain.length;
  const columns = gain[0]?.length ?? 0;
  const size = Math.max(rows, columns);
  const cost = (row: number, column: number) => -(gain[row]?.[column] ?? 0);
  const rowOf = shortestPaths(size, cost);
  const columnOf = new Array<number>(rows).fill(-1);
  for (let column = 0; column < columns; column += 1) {
    const row = rowOf[column]!;
    if (row < rows && gain[row]![column]! > 0) columnOf[row] = column;
  }
  return columnOf;
}

/** Adds the rows one by one along the cheapest alternating path; returns the row of each column. */
function shortestPaths(size: number, cost: (row: number, column: number) => number): number[] {
  const rowPotential = new Array<number>(size).fill(0);
  const columnPotential = new Array<number>(size + 1).fill(0);
  const rowOf = new Array<number>(size + 1).fill(-1); // the extra column holds the row being placed
  for (let row = 0; row < size; row += 1) {
    const from = new Array<number>(size).fill(size);
    const slack = new Array<number>(size).fill(Number.POSITIVE_INFINITY);
    const isUsed = new Array<boolean>(size + 1).fill(false);
    rowOf[size] = row;
    let column = size;
    do {
      isUsed[column] = true;
      const current = rowOf[column]!;
      let delta = Number.POSITIVE_INFINITY;
      let next = size;
      for (let j = 0; j < size; j += 1) {
        if (isUsed[j]) continue;
        const reduced = cost(current, j) - rowPotential[current]! - columnPotential[j]!;
        if (reduced < slack[j]!) [slack[j], from[j]] = [reduced, column];
        if (slack[j]! < delta) [delta, next] = [slack[j]!, j];
      }
      for (let j = 0; j <= size; j += 1) {
        if (isUsed[j]) {
          rowPotential[rowOf[j]!]! += delta;
          columnPotential[j]! -= delta;
        } else if (j < size) slack[j]! -= delta;
      }
      column = next;
    } while (rowOf[column] !== -1);
    for (; column !== size; column = from[column]!) rowOf[column] = rowOf[from[column]!]!;
  }
  return rowOf;
}
