// A PostgreSQL server of its own: in a temporary folder, on a free port of 127.0.0.1, without a password, gone afterwards.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './freePort.mjs';

const DEBIAN = '/usr/lib/postgresql';
const START_MS = 60_000;

/** Every commit is written, as for a server that is killed, but not synced, as for a power cut: that makes tests fast. */
const SETTINGS = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
shared_buffers = 64MB
max_connections = 200
logging_collector = off
`;

/** The folder of the newest server programs; undefined where there are none. */
export function serverPrograms() {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folder = versions.map((version) => join(DEBIAN, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
  if (folder) return folder;
  const { status, stdout } = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' });
  const found = status === 0 ? stdout.trim() : '';
  return found !== '' && existsSync(join(found, 'initdb')) ? found : undefined;
}

/** `initdb` refuses root: then the account that Debian's package makes, or another without rights, runs the server. */
function account() {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }));
    if (uid.status === 0 && gid.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error('there is no account without rights that could run PostgreSQL');
}

/** Processes whose parent `pid` is: those of a server that is killed end a little later than it. */
function childrenOf(pid) {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' });
  return (stdout ?? '').split('\n').filter(Boolean).map(Number);
}

function end(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** See postgresCluster.d.mts. */
export async function startCluster() {
  const programs = serverPrograms();
  if (!programs) throw new Error('there are no programs of a PostgreSQL server');
  const as = account();
  const folder = mkdtempSync(join(tmpdir(), 'voice-prints-postgres-'));
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid);
  const data = join(folder, 'data');
  const initdb = [
    '-D',
    data,
    '-U',
    'postgres',
    '--auth=trust',
    '--no-sync',
    '--wal-segsize=1',
    '--encoding=UTF8',
    '--locale=C',
  ];
  const port = await freePort();
  const log = join(folder, 'log');
  let server;

  const start = async () => {
    const output = openSync(log, 'a');
    // Not in the background: a Ctrl-C on the terminal, which ends the tests, reaches it too and ends it cleanly.
    server = spawn(join(programs, 'postgres'), ['-D', data, '-p', String(port)], {
      ...as,
      cwd: folder,
      stdio: ['ignore', output, output],
    });
    const untilMs = Date.now() + START_MS;
    const isReady = () =>
      spawnSync(join(programs, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port)]).status === 0;
    while (!isReady()) {
      const isOver = server.exitCode !== null || Date.now() > untilMs;
      if (isOver) throw new Error(`PostgreSQL did not start:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
      await delay(50);
    }
  };

  /** SIGINT ends connections and shuts down in order; SIGQUIT ends at once, and the next start recovers. */
  const stop = async (signal) => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const children = childrenOf(server.pid);
    const ended = once(server, 'exit');
    server.kill(signal);
    if (signal === 'SIGKILL') children.forEach(end);
    await ended;
    // A server does not start beside processes of the one before.
    while (children.some(isAlive)) await delay(10);
  };

  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    execFileSync(join(programs, 'initdb'), initdb, { ...as, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    writeFileSync(join(data, 'postgresql.auto.conf'), SETTINGS);
    await start();
  } catch (error) {
    remove();
    throw error;
  }
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    programs,
    start,
    stop: () => stop('SIGINT'),
    kill: () => stop('SIGKILL'),
    end: async () => {
      await stop('SIGQUIT');
      remove();
    },
  };
}
