import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The built package in `folder`, as npm installs it, but without the packages `missing`. Returns its command line's file. */
export function installedWithout(missing: readonly string[], folder: string): string {
  for (const part of ['dist', 'models', 'package.json']) {
    cpSync(join(root, part), join(folder, part), { recursive: true, filter: (path) => !path.includes('training') });
  }
  for (const name of packages(join(root, 'node_modules'))) {
    if (missing.includes(name)) continue;
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link);
  }
  return join(folder, 'dist/src/cli/main.js');
}

function packages(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    if (name.startsWith('.')) return [];
    return name.startsWith('@') ? readdirSync(join(folder, name)).map((inner) => join(name, inner)) : [name];
  });
}
