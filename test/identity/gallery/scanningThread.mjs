// Answers each number of rows with their products with the probe.
import { parentPort, workerData } from 'node:worker_threads';
import { RowMatrix } from '../../../dist/src/identity/gallery/rowMatrix.js';

const matrix = RowMatrix.of(workerData.parts);
parentPort.on('message', (rows) => parentPort.postMessage(matrix.products([workerData.probe], rows)[0]));
