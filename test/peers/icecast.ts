import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../scripts/setup/freePort.mjs';
import { Peer } from './peer.js';

export interface Icecast extends AsyncDisposable {
  readonly pids: readonly number[];
  /** Where listeners get `/song.mp3`. */
  readonly url: string;
}

/** Icecast on loopback, to which ffmpeg plays a file (s16le, 16 kHz, mono) over and over. */
export async function startIcecast(folder: string, audioFile: string): Promise<Icecast> {
  const port = await freePort();
  const config = join(folder, 'icecast.xml');
  chmodSync(folder, 0o777); // Icecast gives up being root, and still wants its logs there
  writeFileSync(config, configOf(folder, port));
  const icecast = await Peer.start('icecast2', ['-c', config], /.*/);
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}/status-json.xsl`).then(({ ok, body }) => body?.cancel().then(() => ok));
  await until(isUp, icecast);
  const source = await Peer.start(
    'ffmpeg',
    [
      ...[
        '-loglevel',
        'warning',
        '-re',
        '-stream_loop',
        '-1',
        '-f',
        's16le',
        '-ar',
        '16000',
        '-ac',
        '1',
        '-i',
        audioFile,
      ],
      ...['-c:a', 'libmp3lame', '-b:a', '64k', '-content_type', 'audio/mpeg', '-f', 'mp3'],
      `icecast://source:loopback@127.0.0.1:${port}/song.mp3`,
    ],
    /.*/,
  );
  const url = `http://127.0.0.1:${port}/song.mp3`;
  const isOnAir = () => fetch(url).then(({ ok, body }) => body?.cancel().then(() => ok));
  await until(isOnAir, source);
  return {
    pids: [icecast.pid, source.pid],
    url,
    async [Symbol.asyncDispose]() {
      await source.kill();
      await icecast.kill();
    },
  };
}

async function until(isSo: () => Promise<boolean | undefined>, peer: Peer): Promise<void> {
  while (!(await isSo().catch(() => false))) {
    if (peer.hasEnded) throw new Error(`a peer ended early: ${peer.said}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const configOf = (folder: string, port: number): string => `<icecast>
  <limits><sources>2</sources><burst-size>16000</burst-size></limits>
  <authentication><source-password>loopback</source-password><admin-password>loopback</admin-password></authentication>
  <listen-socket><port>${port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
  <hostname>localhost</hostname>
  <paths><logdir>${folder}</logdir><webroot>/usr/share/icecast2/web</webroot><adminroot>/usr/share/icecast2/admin</adminroot></paths>
  <logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog><loglevel>2</loglevel></logging>
  <security><chroot>0</chroot>${
    process.getuid?.() === 0 ? '<changeowner><user>nobody</user><group>nogroup</group></changeowner>' : ''
  }</security>
</icecast>
`;
