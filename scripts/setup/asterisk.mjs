// Asterisk, the telephone exchange that the tests of calls talk to. Debian 12 and 13 have no package of it: that of Debian unstable is
// unpacked, with the libraries it needs, into the git-ignored folder .asterisk; nothing is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unpackForeign } from './foreignPackages.mjs';
import { root, say } from './root.mjs';

const folder = join(root, '.asterisk');
const unpacked = join(folder, 'root');
const libraries = join(unpacked, 'usr/lib/x86_64-linux-gnu');

/** Asterisk, what its SIP modules are linked with, and the C library for both. */
const PACKAGES = [
  'asterisk',
  'asterisk-modules',
  'libbsd0',
  'libc6',
  'libcap2',
  'libcrypt1',
  'libedit2',
  'libgcc-s1',
  'libjansson4',
  'liblzma5',
  'libmd0',
  'libnspr4',
  'libnss3',
  'libpopt0',
  'libsqlite3-0',
  'libsrtp2-1',
  'libssl3t64',
  'libstdc++6',
  'libsystemd0',
  'libtinfo6',
  'liburiparser1',
  'libuuid1',
  'libxml2-16',
  'libxslt1.1',
  'libzstd1',
  'zlib1g',
];

const versionOf = (program, ...args) =>
  spawnSync(program, [...args, '-V'], { encoding: 'utf8', timeout: 30_000 }).stdout?.match(/^Asterisk (\d+)/)?.[1];
const unpackedVersion = () =>
  versionOf(join(libraries, 'ld-linux-x86-64.so.2'), '--library-path', libraries, join(unpacked, 'usr/sbin/asterisk'));

/**
 * What the tests of calls read: below which folder Asterisk lies, `VOICE_PRINTS_ASTERISK` where that is set, `/` where it is installed.
 * Undefined, and said aloud, where it cannot be had.
 */
export function ensureAsterisk() {
  const given = process.env.VOICE_PRINTS_ASTERISK;
  if (given) return { VOICE_PRINTS_ASTERISK: given };
  if (versionOf('asterisk')) return { VOICE_PRINTS_ASTERISK: '/' };
  const skipped = (why) =>
    say(`calls with Asterisk: not tested, ${why} (VOICE_PRINTS_ASTERISK may name the folder below which it lies)`);
  if (process.platform !== 'linux' || process.arch !== 'x64') return skipped('the package is for Linux x64');
  if (!existsSync(libraries) || !unpackedVersion()) {
    say('fetching Asterisk');
    try {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      unpackForeign({ folder, suite: 'sid', packages: PACKAGES, to: unpacked });
    } catch (error) {
      return skipped(error.message);
    }
    if (!unpackedVersion()) return skipped('the one that was fetched does not start');
  }
  return { VOICE_PRINTS_ASTERISK: unpacked };
}
