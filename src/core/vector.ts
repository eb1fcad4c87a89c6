/** Dot product of two vectors of equal length; the cosine when both have unit norm. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i]! * b[i]!;
  return sum;
}

/** The vector scaled to L2 norm 1; a zero vector stays zero. */
export function unit(vector: Float32Array): Float32Array<ArrayBuffer> {
  const norm = Math.sqrt(dot(vector, vector));
  const out = new Float32Array(vector.length);
  if (norm > 0) for (let i = 0; i < vector.length; i += 1) out[i] = vector[i]! / norm;
  return out;
}

/** Mean of unit vectors, weighted, scaled to unit norm again; shape (d,). `vectors` must not be empty. */
export function centroid(vectors: readonly Float32Array[], weights?: readonly number[]): Float32Array<ArrayBuffer> {
  const sum = new Float32Array(vectors[0]!.length);
  vectors.forEach((vector, row) => {
    const weight = weights?.[row] ?? 1;
    for (let i = 0; i < sum.length; i += 1) sum[i]! += weight * vector[i]!;
  });
  return unit(sum);
}
