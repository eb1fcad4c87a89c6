// `npm run scorecard`: what flows.nodered.org says of the package that `npm pack` makes. node-red-dev is installed into the
// git-ignored folder .scorecard, not into the repository: it brings 440 packages. Ends with 1 where a check fails.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from '../setup/nodePackages.mjs';
import { root } from '../setup/root.mjs';

const TOOL = 'node-red-dev@0.1.6';
const folder = join(root, '.scorecard');
const program = join(folder, 'node_modules/node-red-dev/bin/run');
const card = join(folder, 'card.json');

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${args[0]} failed`, { cause: error });
}

mkdirSync(folder, { recursive: true });
if (!existsSync(program)) npm('install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', TOOL);
for (const old of readdirSync(folder).filter((name) => name.endsWith('.tgz'))) rmSync(join(folder, old));
npm('pack', '--pack-destination', folder);
const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
rmSync(join(folder, 'package'), { recursive: true, force: true });
run('tar', ['-xzf', tarball], folder);

const reaches = await fetch('https://catalogue.nodered.org/catalogue.json', { method: 'HEAD' }).catch(() => undefined);
const standIn = reaches?.ok ? [] : ['-r', join(import.meta.dirname, 'catalogue.cjs')];
if (!reaches?.ok) console.log('catalogue.nodered.org cannot be reached: P08 and N01 compare with an empty catalogue');
rmSync(card, { force: true });
run(process.execPath, [...standIn, program, 'validate', '-o', card], join(folder, 'package'));
const results = Object.entries(JSON.parse(readFileSync(card, 'utf8'))).filter(([, { test }]) => test !== undefined);
const failed = results.filter(([, { test }]) => !test).map(([name]) => name);
console.log(failed.length > 0 ? `failed: ${failed.join(', ')}` : `all ${results.length} checks passed`);
process.exitCode = failed.length > 0 ? 1 : 0;
