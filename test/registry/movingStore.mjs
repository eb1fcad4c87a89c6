// Opens a store, which moves what an earlier release stored, and says when that is done. FOLDER KEY
import { LowdbRegistry } from '../../dist/src/registry/lowdbRegistry.js';

const [, , folder, encryptionKey] = process.argv;
let parts = 0;
const registry = await LowdbRegistry.open(folder, {
  encryptionKey: encryptionKey || undefined,
  onAlive: () => process.stdout.write(`${++parts}\n`),
});
process.stdout.write('done\n');
await registry[Symbol.asyncDispose]();
