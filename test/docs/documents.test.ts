import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { HTTP_CODE_NAMES } from '../../src/api/refusals/refusal.js';
import { commands } from '../../src/cli/commands.js';
import { SAMPLE_GUIDE } from '../../src/core/codeGuide.js';
import { WARNING_CODES } from '../../src/core/identification.js';
import { ERROR_CODES } from '../../src/index.js';
import { typed } from '../cli/terminal.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const document = (name: string) => readFileSync(`${root}docs/${name}.md`, 'utf8');

/** First cells of a table's rows that are code. */
const firstCells = (text: string) => [...text.matchAll(/^\| `([^`]+)`/gm)].map(([, cell]) => cell!);

test('what documents take from the program is what it prints', async () => {
  const taken = [...document('errors').matchAll(/<!-- voice-prints ([^>]+) -->\n([\s\S]*?)<!-- end -->/g)];
  expect(taken.map(([, words]) => words)).toContain('explain --markdown');
  for (const [, words, text] of taken) {
    const { stdout } = await typed(words!.split(' '));
    expect(text, 'node scripts/docs.mjs writes it anew').toBe(stdout);
  }
});

test('the error table has every code of errors, HTTP, warnings and samples, each once, with a meaning and a remedy', () => {
  const ofSamples = Object.keys(SAMPLE_GUIDE);
  const codes: readonly string[] = [...ERROR_CODES, ...HTTP_CODE_NAMES, ...WARNING_CODES, ...ofSamples];
  expect(firstCells(document('errors'))).toEqual(codes);
  for (const line of document('errors').split('\n')) {
    if (!/^\| `[A-Z]/.test(line)) continue;
    const cells = line.split('|').map((cell) => cell.trim());
    expect(cells.slice(2, 4).every((cell) => cell.length > 3) && cells.length === 5, line).toBe(true);
  }
});

test('the command table names every command', () => {
  const table = document('command-line');
  for (const { name } of commands) expect(table).toContain(name.split(' ').at(-1));
});

test('the node table lists the nodes of the package', () => {
  const { 'node-red': red } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  expect(firstCells(document('nodes').split('\n## ')[0]!).sort()).toEqual(Object.keys(red.nodes).sort());
});

const headingsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );

const DOCUMENTS = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'BENCHMARKS.md', 'src/README.md', 'models/MODEL_CARD.md'],
  ...readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

test.each(DOCUMENTS)('every relative link of %s leads to a file or a heading', (name) => {
  const text = readFileSync(root + name, 'utf8');
  for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(target!)) continue;
    const [path, heading] = target!.split('#');
    const file = path === '' ? root + name : join(root, dirname(name), path!);
    expect(existsSync(file), `link to ${target}`).toBe(true);
    if (heading) expect(headingsOf(readFileSync(file, 'utf8')), `link to ${target}`).toContain(heading);
  }
});

test('the README is short and names every document', () => {
  expect(readme.split('\n').length).toBeLessThanOrEqual(150);
  for (const name of readdirSync(`${root}docs`).filter((file) => file.endsWith('.md'))) {
    expect(readme).toContain(`(docs/${name})`);
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
  const { devDependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const runtime = `onnxruntime-node@${devDependencies['onnxruntime-node']}`;
  expect(document('install')).toContain(`ONNXRUNTIME_NODE_INSTALL=skip npm install ${runtime}`);
  expect(readFileSync(`${root}src/inference/runtimeRemedy.ts`, 'utf8')).toContain(`'${runtime}'`);
});
