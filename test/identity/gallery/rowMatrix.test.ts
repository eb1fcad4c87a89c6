import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { dot } from '../../../src/core/vector.js';
import { seededRandom } from '../../../src/evaluation/damage.js';
import { RowMatrix } from '../../../src/identity/gallery/rowMatrix.js';

const random = seededRandom(1);
const vector = (length: number) => Float32Array.from({ length }, () => random() - 0.5);

test.each([
  { dimensions: 192, rows: 700, probes: 1 },
  { dimensions: 192, rows: 700, probes: 4 },
  { dimensions: 192, rows: 257, probes: 6 },
  { dimensions: 100, rows: 300, probes: 5 },
  { dimensions: 3, rows: 1, probes: 2 },
  { dimensions: 512, rows: 5_000, probes: 3 },
])('products are dot products: $rows rows of $dimensions, $probes probes', ({ dimensions, rows, probes }) => {
  const matrix = RowMatrix.create(dimensions, 1);
  const all = Array.from({ length: rows }, () => vector(dimensions));
  all.forEach((values, row) => {
    matrix.write(row, values);
  });
  const asked = Array.from({ length: probes }, () => vector(dimensions));
  const products = matrix.products(asked, rows);
  let worst = 0;
  asked.forEach((probe, k) => {
    for (let row = 0; row < rows; row += 1)
      worst = Math.max(worst, Math.abs(products[k]![row]! - dot(probe, all[row]!)));
  });
  expect(worst).toBeLessThan(1e-5);
  expect(matrix.products(asked, 0).map(({ length }) => length)).toEqual(asked.map(() => 0));
  matrix.zero(0);
  expect(matrix.products(asked, 1).map(([first]) => first)).toEqual(asked.map(() => 0));
});

test('threads share the rows: one adds them, others compare them, all at the same time', async () => {
  const dimensions = 192;
  const matrix = RowMatrix.create(dimensions, 1);
  matrix.write(0, vector(dimensions));
  const probe = vector(dimensions);
  const workers = [1, 2, 3].map(
    () =>
      new Worker(fileURLToPath(new URL('./scanningThread.mjs', import.meta.url)), {
        workerData: { parts: matrix.parts, probe },
      }),
  );
  const answerOf = (worker: Worker, rows: number) =>
    new Promise<Float32Array>((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
      worker.postMessage(rows);
    });
  try {
    await Promise.all(workers.map((worker) => answerOf(worker, 1)));
    for (let row = 1; row < 4_000; row += 1) matrix.write(row, vector(dimensions)); // the memory grows under them
    const here = matrix.products([probe], 4_000)[0]!;
    for (let round = 0; round < 5; round += 1) {
      const answers = Promise.all(workers.map((worker) => answerOf(worker, 4_000)));
      expect(matrix.products([probe, probe], 4_000)[1]!.length).toBe(4_000);
      for (const answer of await answers) expect(answer).toEqual(here);
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
});

test('where every place for a scan is taken, products are the same without the kernel', () => {
  const matrix = RowMatrix.create(192, 1);
  matrix.write(0, vector(192));
  const probe = vector(192);
  const [before] = matrix.products([probe], 1);
  new Int32Array(matrix.parts.memory.buffer, 0, 32).fill(1); // as left by threads that died
  expect(matrix.products([probe], 1)[0]![0]).toBeCloseTo(before![0]!, 6);
});
