import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// The programs that measure import compiled files, which no compiler checks.

const root = fileURLToPath(new URL('../..', import.meta.url));
const IMPORT = /import\s*\{([^}]+)\}\s*from\s*'([^']*\/dist\/(?:src|nodes)\/[^']+)\.js'/g;

const imports = readdirSync(join(root, 'scripts'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.mjs'))
  .map((entry) => join(entry.parentPath, entry.name))
  .flatMap((script) =>
    [...readFileSync(script, 'utf8').matchAll(IMPORT)].map(([, names, path]) => ({
      script: relative(root, script),
      source: `${resolve(dirname(script), path!).replace(`${join(root, 'dist')}/`, root)}.ts`,
      names: names!
        .split(',')
        .map((name) => name.trim().split(' as ')[0]!)
        .filter((name) => name !== ''),
    })),
  );

const exportsOf = (source: string) =>
  existsSync(source)
    ? new Set(
        [
          ...readFileSync(source, 'utf8').matchAll(
            /export (?:declare |async |abstract )*(?:const|let|function\*?|class) (\w+)|export \{([^}]+)\}/g,
          ),
        ]
          .flatMap(([, one, several]) => (one === undefined ? several!.split(',') : [one]))
          .map((name) => name.trim().split(' as ').at(-1)!),
      )
    : new Set<string>();

test('what scripts import is exported', () => {
  expect(imports.length).toBeGreaterThan(50);
  const missing = imports.flatMap(({ script, source, names }) => {
    const exported = exportsOf(source);
    return names.filter((name) => !exported.has(name)).map((name) => `${script}: ${name} of ${relative(root, source)}`);
  });
  expect(missing).toEqual([]);
});
