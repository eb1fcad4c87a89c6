// Adds 1 to `speechMs` of one voiceprint many times, one write each. FOLDER TIMES
import { LowdbRegistry } from '../../dist/src/registry/lowdbRegistry.js';

const [, , folder, times] = process.argv;
const registry = await LowdbRegistry.open(folder);
for (let n = 0; n < Number(times); n += 1) {
  await registry.update('t', 'anna', (now) => ({ ...now, speechMs: now.speechMs + 1 }));
}
await registry[Symbol.asyncDispose]();
