// Writes voiceprints one after the other and says which are acknowledged, until it is killed. FOLDER ROUND KEY
import { LowdbRegistry } from '../../dist/src/registry/lowdbRegistry.js';

const [, , folder, round, encryptionKey] = process.argv;
const registry = await LowdbRegistry.open(folder, { encryptionKey: encryptionKey || undefined });
const [template] = await registry.list('t');
process.stdout.write('ready\n');
for (let n = 0; n < 10_000; n += 1) {
  const id = `round_${round}_${n}`;
  await registry.update('t', id, () => ({ ...template, id }));
  process.stdout.write(`${id}\n`);
}
