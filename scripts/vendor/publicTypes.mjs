// Keeps of the compiler's type declarations those that users of the package reach.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** What a declaration file imports. */
export const importsOfTypes = (code) =>
  [...code.matchAll(/(?:\bfrom|\bimport\()\s*['"]([^'"]+)['"]/g)].map(([, specifier]) => specifier);

/** The declaration files behind the package's entry points, as absolute paths. */
export function publicTypes(root) {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const found = new Set();
  const visit = (file) => {
    if (found.has(file)) return;
    found.add(file);
    for (const specifier of importsOfTypes(readFileSync(file, 'utf8'))) {
      if (specifier.startsWith('.')) visit(resolve(dirname(file), specifier.replace(/\.js$/, '.d.ts')));
    }
  };
  for (const { types } of Object.values(exports)) if (types) visit(join(root, types));
  return found;
}

/** Deletes all others. */
export function keepPublicTypes(root) {
  const kept = publicTypes(root);
  for (const top of ['src', 'nodes']) {
    const folder = join(root, 'dist', top);
    for (const name of readdirSync(folder, { recursive: true })) {
      if (name.endsWith('.d.ts') && !kept.has(join(folder, name))) rmSync(join(folder, name));
    }
  }
}
