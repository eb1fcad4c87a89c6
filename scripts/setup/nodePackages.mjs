// Brings node_modules and dist up to date, and does nothing where they are.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, SetupProblem, say } from './root.mjs';

const lockFile = join(root, 'package-lock.json');
const installedMark = join(root, 'node_modules/.voice-prints-lock');
const builtMark = join(root, 'dist/.built');

/** npm beside this very Node where there is one, so that both belong together. */
export function npm(...args) {
  const isWindows = process.platform === 'win32';
  const { npm_execpath: own } = process.env;
  const [command, first] = own?.endsWith('.js') ? [process.execPath, [own]] : [isWindows ? 'npm.cmd' : 'npm', []];
  return spawnSync(command, [...first, ...args], { cwd: root, stdio: ['ignore', 2, 2], shell: isWindows }).status;
}

/** Version of GStreamer's headers; empty where they are not installed. */
const headers = () =>
  spawnSync('pkg-config', ['--modversion', 'gstreamer-video-1.0'], { encoding: 'utf8' }).stdout ?? '';

const hashOfLock = () => createHash('sha256').update(readFileSync(lockFile)).update(headers()).digest('hex');

/** GStreamer inside a child of ours: compiled where it can be, and done without elsewhere. */
function addSuperficial() {
  say('compiling gstreamer-superficial');
  if (
    npm(
      'install',
      'gstreamer-superficial@1.7.4',
      '--no-save',
      '--include=dev',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ) !== 0
  ) {
    say('gstreamer-superficial was not compiled; gst-launch-1.0 does its work');
  }
}

const timeOf = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

function isInstalled() {
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false;
  if (existsSync(installedMark) && readFileSync(installedMark, 'utf8') === hashOfLock()) return true;
  // Installed by hand: npm writes its hidden lock file after the package's.
  return timeOf(join(root, 'node_modules/.package-lock.json')) >= timeOf(lockFile);
}

/** Installs the npm packages where node_modules is missing or older than the lock file. */
export function ensureNodePackages() {
  if (!isInstalled()) {
    say('installing npm packages');
    // Not `npm ci`: it refuses a lock file that lacks optional packages of other platforms, as one made behind a partial
    // registry does. Without saving, the locked versions are installed all the same and no file changes.
    // No package needs its install script here: they look for compiled files that are there already, or (onnxruntime-node)
    // download libraries of graphics cards.
    const options = ['--no-save', '--include=dev', '--include=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
    const status = npm('install', ...options);
    if (status !== 0) throw new SetupProblem('npm could not install the packages; see above, then start again');
    if (headers() !== '') addSuperficial();
  }
  writeFileSync(installedMark, hashOfLock());
}

/** Newest change among the sources; folders count, so that a deleted file is seen, too. */
function newestSource(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newestSource(join(path, name))));
}

/** Builds dist where a source is newer. */
export function ensureBuilt() {
  const sources = [
    'src',
    'nodes',
    'package.json',
    'tsconfig.json',
    'tsconfig.editor.json',
    'scripts/build.mjs',
    'scripts/assets',
  ];
  if (timeOf(builtMark) > Math.max(...sources.map((name) => newestSource(join(root, name))))) return;
  say('building');
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new SetupProblem('the build failed; see above');
  writeFileSync(builtMark, '');
}
