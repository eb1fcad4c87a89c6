// Installs what Debian has to bring, where it may; else says exactly what to install.
import { spawnSync } from 'node:child_process';
import { SetupProblem, say } from './root.mjs';

/** Every package with the program or file that proves it is there, for systems without dpkg. */
const PROOFS = {
  flite: ['flite', '--version'],
  festival: ['festival', '--version'],
  'festvox-kdlpc16k': ['text2wave', '--help'],
  'gstreamer1.0-tools': ['gst-launch-1.0', '--version'],
  'gstreamer1.0-plugins-base': ['gst-inspect-1.0', 'audioresample'],
  'gstreamer1.0-plugins-good': ['gst-inspect-1.0', 'flacdec'],
  'gstreamer1.0-plugins-bad': ['gst-inspect-1.0', 'audiobuffersplit'],
  'gstreamer1.0-plugins-ugly': ['gst-inspect-1.0', 'amrnbdec'],
  'gstreamer1.0-libav': ['gst-inspect-1.0', 'avdec_aac'],
  ffmpeg: ['ffmpeg', '-version'],
  sox: ['sox', '--version'],
  flac: ['flac', '--version'],
  chromium: ['chromium', '--version'],
  python3: ['python3', '--version'],
  'python3-grpcio': ['/usr/bin/python3', '-c', 'import grpc'],
  'python3-protobuf': ['/usr/bin/python3', '-c', 'import google.protobuf'],
  'protobuf-compiler': ['protoc', '--version'],
  'protobuf-compiler-grpc': ['sh', '-c', 'command -v grpc_python_plugin'],
  openssl: ['openssl', 'version'],
  curl: ['curl', '--version'],
  mosquitto: ['sh', '-c', 'command -v mosquitto'],
  'gstreamer1.0-pulseaudio': ['gst-inspect-1.0', 'pulsesrc'],
  'gstreamer1.0-alsa': ['gst-inspect-1.0', 'alsasrc'],
  'libgstreamer1.0-dev': ['pkg-config', 'gstreamer-1.0'],
  'libgstreamer-plugins-base1.0-dev': ['pkg-config', 'gstreamer-video-1.0'],
  'g++': ['g++', '--version'],
  make: ['make', '--version'],
  'pkg-config': ['pkg-config', '--version'],
  'gir1.2-gst-rtsp-server-1.0': ['python3', '-c', 'import gi; gi.require_version("GstRtspServer", "1.0")'],
  'python3-gi': ['python3', '-c', 'import gi'],
  icecast2: ['sh', '-c', 'command -v icecast2'],
  pulseaudio: ['pulseaudio', '--version'],
  'pulseaudio-utils': ['pactl', '--version'],
  'baresip-core': ['sh', '-c', 'command -v baresip'],
  'sip-tester': ['sh', '-c', 'command -v sipp'],
  kamailio: ['sh', '-c', 'command -v kamailio || test -x /usr/sbin/kamailio'],
  haproxy: ['sh', '-c', 'command -v haproxy || test -x /usr/sbin/haproxy'],
  postgresql: ['sh', '-c', 'command -v postgres || ls /usr/lib/postgresql/*/bin/postgres'],
};

/** What decoding anything but WAV and raw PCM needs. */
export const DECODING = [
  'gstreamer1.0-tools',
  'gstreamer1.0-plugins-base',
  'gstreamer1.0-plugins-good',
  'gstreamer1.0-plugins-bad',
  'gstreamer1.0-plugins-ugly',
  'gstreamer1.0-libav',
];

/** What `npm start` needs: one synthesizer for the demo's voices, and the decoders for the user's own files. */
export const FOR_DEMO = ['flite', ...DECODING];

/**
 * What `npm test` needs on top: a second synthesizer, encoders for odd files, a browser for the editor, a broker for the
 * MQTT flow, telephones and an exchange, Python, its gRPC and curl for the example clients.
 */
export const FOR_TESTS = [
  ...FOR_DEMO,
  'festival',
  'festvox-kdlpc16k',
  'ffmpeg',
  'sox',
  'flac',
  'chromium',
  'python3',
  'python3-grpcio',
  'python3-protobuf',
  'protobuf-compiler',
  'protobuf-compiler-grpc',
  'openssl',
  'curl',
  'mosquitto',
  // Live sources: recording, the optional addon's compiler, and the peers they are tested with.
  'gstreamer1.0-pulseaudio',
  'gstreamer1.0-alsa',
  'libgstreamer1.0-dev',
  'libgstreamer-plugins-base1.0-dev',
  'g++',
  'make',
  'pkg-config',
  'python3-gi',
  'gir1.2-gst-rtsp-server-1.0',
  'icecast2',
  'pulseaudio',
  'pulseaudio-utils',
  'baresip-core',
  'sip-tester',
  'kamailio',
  // The balancer of packaging/docker/fleet.
  'haproxy',
];

const runs = (command, ...args) => spawnSync(command, args, { stdio: 'ignore', timeout: 30_000 }).status === 0;

const hasDpkg = () => runs('dpkg-query', '--version');

function isInstalled(name) {
  const [command, ...args] = PROOFS[name];
  if (!hasDpkg()) return runs(command, ...args);
  const { status, stdout } = spawnSync('dpkg-query', ['--status', name], { encoding: 'utf8' });
  // A program installed by other means (a browser, say) is as good.
  return (
    (status === 0 && /^Status: .* ok installed$/m.test(stdout)) || (!name.startsWith('gst') && runs(command, ...args))
  );
}

/** How to become root without a question: nothing to add, sudo, or undefined where it would ask. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  return runs('sudo', '-n', 'true') ? ['sudo', '-n'] : undefined;
}

/** Makes sure the packages are there. Throws SetupProblem with the command to run where it cannot. */
export function ensureDebianPackages(names) {
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  const command = `apt-get install ${missing.join(' ')}`;
  const prefix = rootPrefix();
  if (!runs('apt-get', '--version') || prefix === undefined) {
    throw new SetupProblem(
      runs('apt-get', '--version')
        ? `these Debian packages are missing; run:  sudo ${command}`
        : `these programs are missing (named as on Debian): ${missing.join(' ')}; install them and start again`,
    );
  }
  say(`installing Debian packages: ${missing.join(' ')}`);
  const apt = (...args) => {
    const [program, ...rest] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
    // The terminal is the user's: apt's own words go to the error stream.
    return spawnSync(program, rest, { stdio: ['ignore', 2, 2] }).status === 0;
  };
  apt('-q', 'update');
  if (apt('-q', 'install', '-y', '--no-install-recommends', ...missing)) return;
  throw new SetupProblem(`Debian packages could not be installed; see above, then run:  sudo ${command}`);
}
