// Enrols people until a file is refused, then says how many are stored and that a reader is not disturbed. FOLDER
// Run under `ulimit -f`: a file that grows past the limit fails as on a full disk.
import { LowdbRegistry } from '../../dist/src/registry/lowdbRegistry.js';

const [, , folder] = process.argv;
const registry = await LowdbRegistry.open(folder);
const [template] = await registry.list('t');
const stored = [];
let failure;
for (let n = 0; n < 200 && !failure; n += 1) {
  const exemplars = Array.from({ length: n }, () => template.exemplars[0]);
  await registry
    .update('t', `full_${n}`, () => ({ ...template, id: `full_${n}`, exemplars }))
    .then(() => stored.push(`full_${n}`))
    .catch((error) => {
      failure = { code: error.code, systemCode: error.details.systemCode };
    });
}
const there = (await registry.list('t')).map(({ id }) => id).filter((id) => id.startsWith('full_'));
process.stdout.write(JSON.stringify({ stored: stored.sort(), there: there.sort(), failure }));
await registry[Symbol.asyncDispose]();
