import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
/** npm as users run it: without what the npm that runs these tests has put into the environment. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

/** What Node-RED's palette passes to npm. */
const PALETTE = [
  '--no-audit',
  '--no-update-notifier',
  '--no-fund',
  '--save',
  '--save-prefix=~',
  '--omit=dev',
  '--engine-strict',
];

/** Packs what is built now. Returns the tarball's path. */
export async function packPackage(folder: string): Promise<string> {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const { stdout } = await run('npm', args, { cwd: root, env });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return join(folder, filename.replace('@', '').replace('/', '-'));
}

/** Installs a tarball as the palette does, with no script run. Returns what npm complained of. */
export async function installFromPalette(tarball: string, userDir: string): Promise<string> {
  mkdirSync(userDir, { recursive: true });
  writeFileSync(join(userDir, 'package.json'), '{"name":"node-red-project","version":"0.0.1","private":true}\n');
  const { stderr } = await run('npm', ['install', ...PALETTE, '--ignore-scripts', tarball], { cwd: userDir, env });
  return stderr;
}

/** Names of the packages in a user directory, and the megabytes of their files. */
export function installedSize(userDir: string): { readonly packages: readonly string[]; readonly megabytes: number } {
  const lock = JSON.parse(readFileSync(join(userDir, 'node_modules/.package-lock.json'), 'utf8')) as {
    packages: Record<string, unknown>;
  };
  const files = readdirSync(join(userDir, 'node_modules'), { recursive: true, withFileTypes: true });
  const bytes = files
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  return {
    packages: Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, '')),
    megabytes: bytes / 1e6,
  };
}
