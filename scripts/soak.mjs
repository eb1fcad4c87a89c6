// npm run soak: every long test of scripts/soak, one after the other; npm run soak -- NAME … only those.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('soak/', import.meta.url));
const asked = process.argv.slice(2);
const all = readdirSync(folder).filter((file) => file.endsWith('.mjs'));
const chosen = all.filter((file) => asked.length === 0 || asked.includes(basename(file, '.mjs')));
if (chosen.length === 0)
  throw new Error(`no such test; there are ${all.map((file) => basename(file, '.mjs')).join(', ')}`);
const failed = chosen.filter((file) => {
  console.log(`\n${file}`);
  return spawnSync(process.execPath, [folder + file], { stdio: 'inherit' }).status !== 0;
});
console.log(failed.length > 0 ? `\nfailed: ${failed.join(', ')}` : '\nall passed');
process.exit(failed.length > 0 ? 1 : 0);
