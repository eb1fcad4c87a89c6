import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SpokenAudio, spokenAudio } from '../support/spokenAudio.js';

/** The snippets of docs/library.md compile against the package's types and run, one after the other, on one store. */
const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(join(root, 'docs/library.md'), 'utf8');
/** One snippet a section: everything from its opening fence to the next. */
const runnable = text
  .split(/^## /m)
  .slice(1)
  .flatMap((section) => {
    const code = /```ts\n([\s\S]*?)```/.exec(section)?.[1];
    return code === undefined ? [] : [{ title: section.split('\n')[0]!, code }];
  });

// Below the package, so that its own name leads to it.
let folder: string;
let audio: SpokenAudio;
beforeAll(() => {
  mkdirSync(join(root, 'dist'), { recursive: true });
  folder = mkdtempSync(join(root, 'dist/snippets-'));
  audio = spokenAudio();
  writeFileSync(join(folder, 'alice.wav'), readFileSync(audio.slt));
  writeFileSync(join(folder, 'conversation.wav'), readFileSync(audio.talk));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  audio[Symbol.dispose]();
});

test('there are snippets for each task', () => {
  expect(runnable.map(({ title }) => title)).toEqual([
    'Enrol and identify',
    'People',
    'Corrections',
    'Errors, progress and cancelling',
    'Watch a live source',
    'Serve other programs',
  ]);
});

test('they compile against the types of the package', () => {
  for (const [index, { code }] of runnable.entries()) writeFileSync(join(folder, `${index}.mts`), code);
  const strict = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    'node',
  ];
  const lib = ['--lib', 'es2023,esnext.disposable', '--skipLibCheck'];
  const files = runnable.map((_, index) => join(folder, `${index}.mts`));
  const tsc = join(root, 'node_modules/typescript-native/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, ...strict, ...lib, ...files], { encoding: 'utf8' });
  expect(stdout).toBe('');
});

const PRINTED: readonly RegExp[] = [
  /^complete [\s\S]*: Alice \(/,
  /alice true/,
  /unmatched null [\s\S]*enrolled \d/,
  /FILE_NOT_FOUND/,
  /speaker-id\/kitchen\/event/,
  /speakers/,
];

/** The limits are for readers; here a busy machine takes as long as it takes. */
const patient = (code: string) => code.replaceAll(/AbortSignal\.timeout\([\d_]+\)/g, 'AbortSignal.timeout(600_000)');

test('they run, and print what their users look for', () => {
  for (const [index, { code, title }] of runnable.entries()) {
    const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 };
    writeFileSync(
      join(folder, `${index}.mjs`),
      ts.transpileModule(patient(code), { compilerOptions: options }).outputText,
    );
    const printed = execFileSync(process.execPath, [join(folder, `${index}.mjs`)], { cwd: folder, encoding: 'utf8' });
    expect(printed, title).toMatch(PRINTED[index]!);
  }
});
