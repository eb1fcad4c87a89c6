import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.js';
import { commonOptions } from '../../src/cli/options/parseCommandLine.js';

// What an error, a remark or a help text tells somebody to use must be there.

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Files whose literals are arguments of other programs. */
const OTHER_PROGRAMS = [
  'runtimeRemedy.ts',
  'launcher.ts',
  'liveTools.ts',
  'listMicrophones.ts',
  'superficialHost.ts',
  'superficialEnvironment.ts',
];

const sources = ['src', 'nodes'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !OTHER_PROGRAMS.includes(entry.name))
    .map((entry) => join(entry.parentPath, entry.name)),
);

/** Text literals of a source, without its comments. */
function literals(path: string): string[] {
  const code = readFileSync(path, 'utf8').replace(/^\s*(\/\/|\/?\*).*$/gm, '');
  return [...code.matchAll(/'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g)].map(
    ([, plain, template]) => plain ?? template!,
  );
}

const texts = sources.flatMap((path) => literals(path).map((text) => ({ path, text })));

test('every option that a text names exists', () => {
  const known = new Set(['--help', '--version']);
  for (const options of [commonOptions, ...commands.map((command) => command.options)]) {
    for (const name of Object.keys(options)) known.add(`--${name}`);
  }
  const named = texts.flatMap(({ path, text }) =>
    // not the variables of style sheets, Node-RED's and ours
    [...text.matchAll(/(?<![\w-])--(?!red-ui-|vp-)[a-z][a-z-]*[a-z0-9]+/g)].map(([option]) => ({ path, option })),
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(({ option }) => !known.has(option))).toEqual([]);
});

test('every environment variable that a text names is read, and stands in the table of the command line', () => {
  const code = sources.map((path) => readFileSync(path, 'utf8')).join('\n');
  const table = readFileSync(join(root, 'docs/command-line.md'), 'utf8');
  for (const { path, text } of texts) {
    for (const [name] of text.matchAll(/\bVOICE_PRINTS_[A-Z_]+[A-Z]\b/g)) {
      expect(new RegExp(`(env\\.|\\{ |, )${name}\\b`).test(code), `${name}, named in ${path}, is read`).toBe(true);
      expect(table, path).toContain(`| \`${name}\` |`);
    }
  }
});

test('no text advises to raise a limit that has no setting', () => {
  const named = texts.filter(
    ({ text }) => /\braise (the|a|your) .*limit/.test(text) && !text.includes("node's queue limit"),
  );
  expect(named).toEqual([]);
});
