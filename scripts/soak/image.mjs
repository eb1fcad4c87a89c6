// The container images, without Docker: buildah builds them over a Debian made by debootstrap, and they run with a read-only root as the
// account of the image: health check, enrolment, naming, formats of GStreamer, restart; Node-RED's first flow with a broker; the app of Home
// Assistant behind a stand-in for its ingress. As root, with: debootstrap buildah flite ffmpeg mosquitto iproute2 util-linux.
// node scripts/soak/image.mjs [--fresh | --built]
// --fresh: makes the Debian anew, which takes ten minutes. --built: runs the images of the last time.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildImages, builtImages } from './image/buildImages.mjs';

const missing = ['debootstrap', 'buildah', 'flite', 'ffmpeg', 'mosquitto', 'ip', 'unshare'].filter(
  (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0,
);
if (process.getuid?.() !== 0 || missing.length > 0) {
  console.error(`not run: needs to be root${missing.length > 0 ? `, and ${missing.join(', ')}` : ''}`);
  process.exit(1);
}

const [isFresh, isBuilt] = ['--fresh', '--built'].map((flag) => process.argv.includes(flag));
const images = isBuilt ? builtImages() : buildImages({ isFresh });
for (const { name, megabytes } of images) console.log(`${name}: ${megabytes} MB`);
// A network, mounts and processes of its own: what it starts ends with it, and its addresses are nobody else's.
const runner = fileURLToPath(new URL('./image/runImages.mjs', import.meta.url));
const inside = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', process.execPath, runner];
const { status } = spawnSync('unshare', [...inside, JSON.stringify(images)], { stdio: 'inherit' });
process.exitCode = status ?? 1;
