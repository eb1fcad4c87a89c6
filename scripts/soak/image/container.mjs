// Runs an image as its configuration says: read-only root, one volume, its account, no rights beyond.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Mounts over the root of the image, then the command in it. */
const SCRIPT = `set -e
mount --bind "$ROOT" "$AT"
mount -o remount,bind,ro "$AT"
mount -t proc proc "$AT/proc"
mount --rbind /dev "$AT/dev"
mount -t tmpfs -o mode=1777 tmpfs "$AT/tmp"
mount --bind "$VOLUME" "$AT/data"
exec setpriv --no-new-privs chroot --userspec="$ACCOUNT" "$AT" /usr/bin/env -i "$@"`;

/** A command in the working folder of the image. */
const inFolder = ({ WorkingDir }, command) => ['sh', '-c', 'cd "$0" && exec "$@"', WorkingDir || '/', ...command];

export class Container {
  #image;
  #child;
  #env;
  /** Process id of its first process, as seen from here. */
  pid;
  output = '';

  constructor(image, { volume, env = {}, args }) {
    const { root, config } = image;
    this.#image = image;
    this.#env = [...(config.Env ?? []), ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
    const account = config.User || '0:0';
    const [uid, gid] = account.split(':').map(Number);
    mkdirSync(join(root, 'data'), { recursive: true });
    writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost mosquitto core-mosquitto\n172.30.32.2 supervisor\n');
    spawnSync('chown', [`${uid}:${gid}`, volume]);
    const command = [...(config.Entrypoint ?? []), ...(args ?? config.Cmd ?? [])];
    const at = mkdtempSync(join(tmpdir(), 'voice-prints-root-'));
    const words = [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      'sh',
      '-c',
      SCRIPT,
      'sh',
      ...this.#env,
      ...inFolder(config, command),
    ];
    const mounts = { ROOT: root, AT: at, VOLUME: volume, ACCOUNT: account };
    this.#child = spawn('unshare', words, {
      env: { ...process.env, ...mounts },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.output += text;
      });
    }
  }

  /** Resolves when `isUp` answers true; throws with the output where the container ends before. */
  async up(isUp) {
    while (!(await isUp().catch(() => false))) {
      if (this.#child.exitCode !== null) throw new Error(`it ended with ${this.#child.exitCode}:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { pid } = this.#child;
    this.pid = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
  }

  /** Runs a command inside, as the account of the image; answers its status and output. */
  run(...command) {
    const [uid, gid] = (this.#image.config.User || '0:0').split(':');
    const inside = ['-t', `${this.pid}`, '-m', '-p', '-r', '-S', uid, '-G', gid, '/usr/bin/env', '-i', ...this.#env];
    const words = [...inside, ...inFolder(this.#image.config, command)];
    const { status, stdout, stderr } = spawnSync('nsenter', words, { encoding: 'utf8' });
    return { status, text: stdout + stderr };
  }

  /** The health check of the image: 0 is healthy. */
  health() {
    const [kind, ...command] = this.#image.config.Healthcheck.Test;
    if (kind !== 'CMD') throw new Error(`the health check is ${kind}`);
    return this.run(...command).status;
  }

  /** A line of /proc/PID/status, such as `Uid` or `VmRSS`. */
  statusOf(name) {
    const lines = readFileSync(`/proc/${this.pid}/status`, 'utf8').split('\n');
    return lines
      .find((line) => line.startsWith(`${name}:`))
      .slice(name.length + 1)
      .trim();
  }

  /** Stops as `docker stop` does; answers the exit code. */
  async stop() {
    const ended = once(this.#child, 'close');
    process.kill(this.pid, 'SIGTERM');
    const [code] = await ended;
    return code;
  }
}
