// Builds the images of packaging/ with buildah; FROM is a Debian made by debootstrap with Node.js of the npm registry.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { npm } from '../../setup/nodePackages.mjs';
import { root } from '../../setup/root.mjs';

const work = '/var/tmp/voice-prints-image';
const DEBIAN = 'trixie';

/** Runs a command to its end; throws where it fails. */
function run(command, args, options = {}) {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
}

const output = (command, args) => spawnSync(command, args, { encoding: 'utf8' }).stdout.trim();

/** Name and version of the image of Node.js, as the Dockerfiles name it. */
const nodeImage = /^ARG NODE_IMAGE=(\S+)$/m.exec(readFileSync(join(root, 'packaging/docker/Dockerfile'), 'utf8'))[1];

/** Builds all; answers what the runner needs. */
export function buildImages({ isFresh }) {
  if (isFresh) rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  if (isFresh || spawnSync('buildah', ['inspect', '--type', 'image', nodeImage], { stdio: 'ignore' }).status !== 0) {
    importNodeImage();
  }
  const context = join(work, 'context');
  rmSync(context, { recursive: true, force: true });
  cpSync(join(root, 'packaging/docker'), context, { recursive: true, filter: (path) => !path.endsWith('.tgz') });
  if (npm('pack', '--pack-destination', context, '--silent') !== 0) throw new Error('npm pack failed');
  const packed = join(
    context,
    readdirSync(context).find((name) => name.endsWith('.tgz')),
  );
  // Another name for another content: what is mounted is not looked at when buildah decides whether a step is to be done again.
  const tarball = `${createHash('sha256').update(readFileSync(packed)).digest('hex').slice(0, 16)}.tgz`;
  renameSync(packed, join(context, tarball));
  const app = join(root, 'packaging/home-assistant/voice_prints');
  build('serve', { context, target: 'serve', PACKAGE: `./${tarball}` });
  build('node-red', { context, target: 'node-red', PACKAGE: `./${tarball}` });
  build('home-assistant', { context: app, PACKAGE: `/context/${tarball}`, volumes: [`${context}:/context:ro`] });
  return builtImages();
}

/** Each image: its root, mounted, how it is started, and its size. */
export const builtImages = () => ['serve', 'node-red', 'home-assistant'].map(mounted);

/** What stands for the image of Node.js on Debian slim. */
function importNodeImage() {
  const debian = join(work, 'debian');
  if (!existsSync(join(debian, 'etc/debian_version'))) run('debootstrap', ['--variant=minbase', DEBIAN, debian]);
  // As in Debian's slim images.
  const kinds = ['doc', 'groff', 'info', 'linda', 'lintian', 'locale', 'man'];
  const excludes = kinds.map((kind) => `path-exclude /usr/share/${kind}/*\n`).join('');
  writeFileSync(join(debian, 'etc/dpkg/dpkg.cfg.d/docker'), excludes);
  for (const kind of kinds) rmSync(join(debian, 'usr/share', kind), { recursive: true, force: true });
  rmSync(join(debian, 'var/cache/apt'), { recursive: true, force: true });
  const version = /:(\d+\.\d+\.\d+)-/.exec(nodeImage)[1];
  const packages = join(work, 'node');
  mkdirSync(packages, { recursive: true });
  writeFileSync(join(packages, 'package.json'), '{"private":true,"allowScripts":{"node":true}}\n');
  if (npm('install', '--prefix', packages, '--no-audit', '--no-fund', `node@${version}`, 'npm@11') !== 0) {
    throw new Error('Node.js could not be had from the npm registry');
  }
  const local = join(debian, 'usr/local');
  cpSync(join(packages, 'node_modules/node/bin/node'), join(local, 'bin/node'));
  cpSync(join(packages, 'node_modules/npm'), join(local, 'lib/node_modules/npm'), { recursive: true });
  for (const name of ['npm', 'npx']) {
    rmSync(join(local, 'bin', name), { force: true });
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, 'bin', name));
  }
  const container = output('buildah', ['from', 'scratch']);
  run('buildah', ['add', '--quiet', container, debian, '/']);
  run('buildah', ['config', '--env', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', container]);
  run('buildah', ['commit', '--quiet', '--rm', container, `docker.io/library/${nodeImage}`]);
}

/** Certificate authorities and npm settings of this machine, so that registries are reached from inside as from outside. */
function reachOfThisMachine() {
  const volumes = ['/etc/resolv.conf:/etc/resolv.conf:ro'];
  const authorities = process.env.NODE_EXTRA_CA_CERTS;
  if (authorities) {
    const npmrc = join(work, 'npmrc');
    writeFileSync(npmrc, 'cafile=/usr/local/etc/ca.pem\n');
    volumes.push(`${authorities}:/usr/local/etc/ca.pem:ro`, `${npmrc}:/usr/local/etc/npmrc:ro`);
  }
  return volumes;
}

const tagOf = (name) => `localhost/voice-prints-${name}`;

function build(name, { context, target, PACKAGE, volumes = [] }) {
  const mounts = [...reachOfThisMachine(), ...volumes].flatMap((volume) => ['--volume', volume]);
  const stage = target ? ['--target', target] : [];
  const how = ['--isolation', 'chroot', '--network', 'host', '--pull=never', '--layers', '--format', 'docker'];
  run('buildah', [
    'build',
    ...how,
    ...stage,
    ...mounts,
    '--build-arg',
    `PACKAGE=${PACKAGE}`,
    '--tag',
    tagOf(name),
    context,
  ]);
}

function mounted(name) {
  const tag = tagOf(name);
  const { config, bytes } = inspected(tag);
  const container = output('buildah', ['from', '--pull=false', tag]);
  return { name, container, root: output('buildah', ['mount', container]), config, megabytes: Math.round(bytes / 1e6) };
}

function inspected(tag) {
  const { Docker } = JSON.parse(output('buildah', ['inspect', '--type', 'image', tag]));
  const [{ size }] = JSON.parse(output('buildah', ['images', '--json', tag]));
  const units = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9 };
  const [, figure, unit] = /^([\d.]+) (\w+)$/.exec(size);
  return { config: Docker.config, bytes: Number(figure) * units[unit.toUpperCase()] };
}
