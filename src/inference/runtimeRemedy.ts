import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The version this package was tested with, as in its package.json. */
const RUNTIME = 'onnxruntime-node@1.30.0';

/**
 * The command that adds the native ONNX Runtime, an optional peer, to an installation. `packageRoot` is the folder of this
 * package, whose location determines the command: a plain `npm install` beside a global installation would remove that.
 */
export function runtimeRemedy(packageRoot: string, platform: NodeJS.Platform = process.platform): string {
  // The installer downloads on Linux only, and a Windows shell does not accept a leading variable.
  const npm = platform === 'win32' ? 'npm install' : 'ONNXRUNTIME_NODE_INSTALL=skip npm install';
  const project = projectOf(packageRoot);
  if (project === undefined) return `run: npm install --prefix "${packageRoot}" --include=dev --ignore-scripts`;
  const isGlobal = !existsSync(join(project, 'package.json'));
  return isGlobal ? `run: ${npm} -g ${RUNTIME}` : `run: ${npm} --prefix "${project}" ${RUNTIME}`;
}

/** The folder whose node_modules contains the package; without a package.json it is a global installation. Undefined for a checkout. */
function projectOf(packageRoot: string): string | undefined {
  for (let folder = packageRoot; folder !== dirname(folder); folder = dirname(folder)) {
    if (basename(folder) === 'node_modules') return dirname(folder);
  }
  return undefined;
}
