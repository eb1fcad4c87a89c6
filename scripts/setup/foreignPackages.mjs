// Debian packages of another release than this system's, unpacked into a folder; nothing is installed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DOWNLOAD_MS = 120_000;
const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

function run(cwd, program, ...args) {
  const { status } = spawnSync(program, args, { cwd, stdio: 'ignore', timeout: DOWNLOAD_MS });
  if (status !== 0) throw new Error(`${program} ${args[0]} failed`);
}

/** Asked of the mirror that this system uses, with lists of its own in `folder`: the system's stay as they are. */
export function unpackForeign({ folder, suite, packages, to }) {
  const apt = join(folder, 'apt');
  for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(apt, name), { recursive: true });
  const { stdout } = spawnSync('apt-get', ['indextargets', '--format', '$(SITE)', 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const mirror = stdout?.split('\n').find((site) => /\/debian\/?$/.test(site));
  if (!mirror) throw new Error('no Debian mirror among the package sources');
  const sources = join(apt, 'sources.list');
  writeFileSync(sources, `deb [signed-by=${KEYS}] ${mirror} ${suite} main\n`);
  const own = { 'Dir::Etc::sourcelist': sources, 'Dir::Etc::sourceparts': '/dev/null' };
  Object.assign(own, { 'Dir::State::lists': `${apt}/lists`, 'Dir::Cache': `${apt}/cache`, 'APT::Sandbox::User': '' });
  const options = Object.entries(own).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  run(folder, 'apt-get', ...options, 'update');
  run(folder, 'apt-get', ...options, 'download', ...packages.map((name) => `${name}:amd64`));
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.deb'))) {
    run(folder, 'dpkg-deb', '-x', name, to);
    rmSync(join(folder, name));
  }
  rmSync(apt, { recursive: true });
}
