import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { Peer } from './peer.js';

export interface SoundServer extends AsyncDisposable {
  readonly pid: number;
  /** For `PULSE_SERVER`. */
  readonly address: string;
  /** Name of the input that hears what is played. */
  readonly microphone: string;
}

/** A PulseAudio of our own, whose only output is silent and can be listened to. */
export async function startSoundServer(folder: string): Promise<SoundServer> {
  chmodSync(folder, 0o700);
  const socket = join(folder, 'pulse.socket');
  const environment = { HOME: folder, XDG_RUNTIME_DIR: folder, XDG_CONFIG_HOME: folder, PULSE_RUNTIME_PATH: folder };
  const peer = await Peer.start(
    'pulseaudio',
    [
      ...[
        '-n',
        '--daemonize=no',
        '--use-pid-file=no',
        '--exit-idle-time=-1',
        '--disable-shm=yes',
        '--log-target=stderr',
      ],
      ...['-L', 'module-null-sink sink_name=room rate=48000 channels=2'],
      ...['-L', `module-native-protocol-unix auth-anonymous=1 socket=${socket}`],
    ],
    /.*/,
    environment,
  );
  const address = `unix:${socket}`;
  const isUp = () =>
    spawnSync('pactl', ['-s', address, 'info'], { env: { ...process.env, ...environment } }).status === 0;
  while (!isUp()) {
    if (peer.hasEnded) throw new Error(`pulseaudio ended early: ${peer.said}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { pid: peer.pid, address, microphone: 'room.monitor', [Symbol.asyncDispose]: () => peer.kill() };
}

/** Plays a file (s16le, 16 kHz, mono) into the room, once. */
export const playInto = ({ address }: SoundServer, audioFile: string): Promise<Peer> =>
  Peer.start(
    'pacat',
    ['-s', address, '-p', '-d', 'room', '--format=s16le', '--rate=16000', '--channels=1', '--raw', audioFile],
    /.*/,
  );
