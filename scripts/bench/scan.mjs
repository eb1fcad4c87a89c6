// What a comparison with everybody costs: node scripts/bench/scan.mjs [people ...]
// Random unit vectors of 192 numbers; processor milliseconds of one thread, the least of ten.
import { RowMatrix } from '../../dist/src/identity/gallery/rowMatrix.js';

const DIMENSIONS = 192;
const TRIES = 10;
const vector = () => Float32Array.from({ length: DIMENSIONS }, () => Math.random() - 0.5);

function leastMs(work) {
  work();
  const all = Array.from({ length: TRIES }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.round(10 * Math.min(...all)) / 10;
}

for (const people of process.argv
  .slice(2)
  .map(Number)
  .concat(process.argv.length > 2 ? [] : [100_000, 1_000_000])) {
  const matrix = RowMatrix.create(DIMENSIONS, people);
  for (let row = 0; row < people; row += 1) matrix.write(row, vector());
  const probes = Array.from({ length: 16 }, vector);
  const one = leastMs(() => matrix.products(probes.slice(0, 1), people));
  const sixteen = leastMs(() => matrix.products(probes, people));
  const megabytes = Math.round(matrix.parts.memory.buffer.byteLength / 1e6);
  console.log(
    JSON.stringify({ people, oneProbeMs: one, eachOfSixteenMs: Math.round((10 * sixteen) / 16) / 10, megabytes }),
  );
}
