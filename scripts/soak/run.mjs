// npm run soak: the long tests of this folder, one after the other; fails where one fails, after the others have run.
//   npm run soak                                 all of them, as long as they take by themselves (hours)
//   npm run soak -- jobs redeploys               only these
//   npm run soak -- liveMemory 10 jobs --kills 3    with arguments, which follow the test they are for
//   npm run soak -- --help                       what there is
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from '../setup/nodePackages.mjs';
import { SetupProblem } from '../setup/root.mjs';

const folder = fileURLToPath(new URL('./', import.meta.url));
const own = basename(fileURLToPath(import.meta.url));
const all = readdirSync(folder)
  .filter((file) => file.endsWith('.mjs') && file !== own)
  .map((file) => basename(file, '.mjs'));

/** The comment a file begins with: what it does and its arguments. */
function purposeOf(name) {
  const lines = readFileSync(`${folder}${name}.mjs`, 'utf8').split('\n');
  const end = lines.findIndex((line) => !line.startsWith('//'));
  return lines.slice(0, end).map((line) => `  ${line.replace(/^\/\/ ?/, '')}`);
}

function help() {
  const tests = all.flatMap((name) => ['', name, ...purposeOf(name)]);
  console.log(['usage: npm run soak -- [TEST [ARGUMENT…]]…', ...tests].join('\n'));
}

/** `[name, arguments]` of each test. Numbers and flags belong to the test before them. */
function chosenBy(words) {
  const chosen = [];
  for (const word of words) {
    if (all.includes(word)) chosen.push([word, []]);
    else if (/^(-|\d)/.test(word) && chosen.length > 0) chosen.at(-1)[1].push(word);
    else throw new SetupProblem(`there is no long test ${word}; there are ${all.join(', ')}`);
  }
  return chosen.length > 0 ? chosen : all.map((name) => [name, []]);
}

/** Whether it passed. Memory is looked at after a collection, which a test may only ask for under --expose-gc. */
function passes([name, args]) {
  console.log(`\n${[name, ...args].join(' ')}`);
  const startedMs = performance.now();
  const { status } = spawnSync(process.execPath, ['--expose-gc', `${folder}${name}.mjs`, ...args], {
    stdio: 'inherit',
  });
  console.log(
    `${name}: ${status === 0 ? 'passed' : 'failed'} after ${Math.round((performance.now() - startedMs) / 1_000)} s`,
  );
  return status === 0;
}

function main(words) {
  if (words.some((word) => word === '--help' || word === '-h')) return help();
  const chosen = chosenBy(words);
  ensureBuilt();
  const failed = chosen.filter((test) => !passes(test)).map(([name]) => name);
  console.log(failed.length > 0 ? `\nfailed: ${failed.join(', ')}` : `\n${chosen.length} passed`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof SetupProblem ? `voice-prints: ${error.message}` : error);
  process.exitCode = 1;
}
