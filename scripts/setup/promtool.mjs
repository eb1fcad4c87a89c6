// promtool, which checks rules for Prometheus: of Debian's package, unpacked into the git-ignored folder .promtool; nothing is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, say } from './root.mjs';

const folder = join(root, '.promtool');
const unpacked = join(folder, 'usr/bin/promtool');
const DOWNLOAD_MS = 120_000;

const works = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;

/** What the tests of the rules start: `VOICE_PRINTS_PROMTOOL`. Undefined, and said aloud, where it cannot be had. */
export function ensurePromtool() {
  const found = [process.env.VOICE_PRINTS_PROMTOOL, 'promtool', unpacked].find((program) => program && works(program));
  if (found) return { VOICE_PRINTS_PROMTOOL: found };
  say('fetching promtool');
  mkdirSync(folder, { recursive: true });
  const run = (program, ...args) => spawnSync(program, args, { cwd: folder, stdio: 'ignore', timeout: DOWNLOAD_MS });
  run('apt-get', '-o', 'APT::Sandbox::User=root', 'download', 'prometheus');
  for (const name of existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.deb')) : []) {
    run('dpkg-deb', '-x', name, folder);
    rmSync(join(folder, name));
  }
  if (works(unpacked)) return { VOICE_PRINTS_PROMTOOL: unpacked };
  return say('rules for Prometheus: not tested, promtool could not be fetched (VOICE_PRINTS_PROMTOOL may name it)');
}
