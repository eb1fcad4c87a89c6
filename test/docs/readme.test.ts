import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { HTTP_CODE_NAMES } from '../../src/api/refusals/refusal.js';
import { commands } from '../../src/cli/commands.js';
import { WARNING_CODES } from '../../src/core/identification.js';
import { ERROR_CODES } from '../../src/index.js';
import { typed } from '../cli/terminal.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');

/** The text between a heading and the next of the same rank. */
function section(title: string): string {
  const [, rest] = readme.split(`\n## ${title}\n`);
  expect(rest, `README has a section "${title}"`).toBeDefined();
  return rest!.split('\n## ')[0]!;
}

/** First cells of a table's rows that are code. */
const firstCells = (text: string) => [...text.matchAll(/^\| `([^`]+)`/gm)].map(([, cell]) => cell!);

test('what documents take from the program is what it prints', async () => {
  const taken = [...readme.matchAll(/<!-- voice-prints ([^>]+) -->\n([\s\S]*?)<!-- end -->/g)];
  expect(taken.map(([, words]) => words)).toContain('explain --markdown');
  for (const [, words, text] of taken) {
    const { stdout } = await typed(words!.split(' '));
    expect(text, 'node scripts/docs.mjs writes it anew').toBe(stdout);
  }
});

test('the error table has every code of errors, HTTP and warnings, each once, with a meaning and a remedy', () => {
  const codes: readonly string[] = [...ERROR_CODES, ...HTTP_CODE_NAMES, ...WARNING_CODES];
  expect(firstCells(section('Errors'))).toEqual(codes);
  for (const line of section('Errors').split('\n')) {
    if (!/^\| `[A-Z]/.test(line)) continue;
    const cells = line.split('|').map((cell) => cell.trim());
    expect(cells.slice(2, 4).every((cell) => cell.length > 3) && cells.length === 5, line).toBe(true);
  }
});

test('the command table names every command', () => {
  const table = section('Command line');
  for (const { name } of commands) expect(table).toContain(name.split(' ').at(-1));
});

test('the node table lists the nodes of the package', () => {
  const { 'node-red': red } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  expect(firstCells(section('Five minutes in Node-RED')).sort()).toEqual(Object.keys(red.nodes).sort());
});

test('every relative link leads to a file or a heading', () => {
  const headings = [...readme.matchAll(/^#+ (.+)$/gm)].map(([, text]) =>
    text!
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const [, target] of readme.matchAll(/\]\(([^)]+)\)/g)) {
    if (/^https?:/.test(target!)) continue;
    const isThere = target!.startsWith('#') ? headings.includes(target!.slice(1)) : existsSync(`${root}${target}`);
    expect(isThere, `link to ${target}`).toBe(true);
  }
});

test('the changelog keeps its form', () => {
  const changelog = readFileSync(`${root}CHANGELOG.md`, 'utf8');
  expect(changelog).toMatch(/^# Changelog\n/);
  expect(changelog).toMatch(/^## \[(Unreleased|\d+\.\d+\.\d+)\]/m);
  const groups = [...changelog.matchAll(/^### (.+)$/gm)].map(([, group]) => group);
  for (const group of groups)
    expect(['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']).toContain(group);
});

test('the remedy for a missing ONNX Runtime installs the version of the package', () => {
  const { optionalDependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const runtime = `onnxruntime-node@${optionalDependencies['onnxruntime-node']}`;
  expect(section('Installing from the palette')).toContain(`ONNXRUNTIME_NODE_INSTALL=skip npm install ${runtime}`);
  expect(readFileSync(`${root}src/inference/runtimeRemedy.ts`, 'utf8')).toContain(`'${runtime}'`);
});
