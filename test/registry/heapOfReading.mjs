// Reads everybody of a store as an engine does. Prints the most that its old space held meanwhile, and what it holds afterwards, in bytes. FOLDER
import { getHeapSpaceStatistics } from 'node:v8';
import { LowdbRegistry } from '../../dist/src/registry/lowdbRegistry.js';

const oldSpace = () => getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space').space_used_size;
const registry = await LowdbRegistry.open(process.argv[2]);
globalThis.gc();
const follower = registry.follow('local');
let [people, most] = [0, 0];
for await (const { put } of follower.changes()) {
  people += put.length;
  most = Math.max(most, oldSpace());
}
globalThis.gc();
console.log(JSON.stringify({ people, most, afterwards: oldSpace() }));
await registry[Symbol.asyncDispose]();
