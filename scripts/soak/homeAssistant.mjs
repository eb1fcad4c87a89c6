// Home Assistant itself, of PyPI, in a Debian of its own: it finds a site over MQTT, with the entity ids that were proposed; its
// blueprint and its device triggers act on who speaks; it finds the Wyoming server by itself, and its assistant answers whoever gives a
// command by name; restarts of both sides, a crash, a person erased, the removal of the device. As root, with: debootstrap mosquitto
// ffmpeg iproute2 util-linux.
// node scripts/soak/homeAssistant.mjs [--fresh]     --fresh: installs it anew, which takes ten minutes or more.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { installHomeAssistant } from './homeAssistant/installation.mjs';

const missing = ['debootstrap', 'mosquitto', 'ffmpeg', 'ip', 'unshare'].filter(
  (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0,
);
if (process.getuid?.() !== 0 || missing.length > 0) {
  console.error(`not run: needs to be root${missing.length > 0 ? `, and ${missing.join(', ')}` : ''}`);
  process.exit(1);
}

const root = installHomeAssistant({ isFresh: process.argv.includes('--fresh') });
// A network and processes of its own: what it announces reaches nobody else, and what it starts ends with it.
const runner = fileURLToPath(new URL('./homeAssistant/runAssistant.mjs', import.meta.url));
const inside = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', process.execPath, runner, root];
const { status } = spawnSync('unshare', inside, { stdio: 'inherit' });
process.exitCode = status ?? 1;
