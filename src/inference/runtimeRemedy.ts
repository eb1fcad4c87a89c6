import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The version this package was tested with, as its package.json asks for it. */
const RUNTIME = 'onnxruntime-node@1.30.0';

/**
 * The command that adds ONNX Runtime to an installation that npm left it out of, because the runtime's installer could not
 * download what it wanted. `packageRoot` is the folder of this package: which command is right depends on where it lies. A
 * plain `npm install` beside a global installation would remove that.
 */
export function runtimeRemedy(packageRoot: string, platform: NodeJS.Platform = process.platform): string {
  // The installer downloads on Linux alone, and a Windows shell would not take the variable in front.
  const npm = platform === 'win32' ? 'npm install' : 'ONNXRUNTIME_NODE_INSTALL=skip npm install';
  const project = projectOf(packageRoot);
  if (project === undefined) return `run: ${npm} --prefix "${packageRoot}" --include=optional`;
  if (existsSync(join(project, 'package.json'))) return `run: ${npm} --prefix "${project}" ${RUNTIME}`;
  return `run: ${npm} --prefix "${packageRoot}" --no-save --omit=dev ${RUNTIME}`;
}

/** The folder whose node_modules holds the package: one without a package.json is that of a global installation. Undefined for a checkout. */
function projectOf(packageRoot: string): string | undefined {
  for (let folder = packageRoot; folder !== dirname(folder); folder = dirname(folder)) {
    if (basename(folder) === 'node_modules') return dirname(folder);
  }
  return undefined;
}
