import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** Seconds of processor time of a PostgreSQL server since it started, connections that are closed included; and the memory of one connection. */
export function postgresCpu(url) {
  const port = new URL(url).port;
  const server = processes().find(({ pid }) => {
    const words = textOf(`/proc/${pid}/cmdline`).split('\0');
    return words[0]?.endsWith('/postgres') && words.includes('-p') && words[words.indexOf('-p') + 1] === port;
  });
  if (!server) throw new Error(`no server of this machine listens on port ${port}`);
  const seconds = () => {
    const own = processes().filter(({ pid, parent }) => pid === server.pid || parent === server.pid);
    const ended = own.find(({ pid }) => pid === server.pid).endedTicks;
    return (ended + own.reduce((sum, { ticks }) => sum + ticks, 0)) / TICKS_PER_SECOND;
  };
  return { seconds };
}

function processes() {
  return readdirSync('/proc').flatMap((name) => {
    const text = /^\d+$/.test(name) ? textOf(`/proc/${name}/stat`) : '';
    if (text === '') return [];
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return [
      { pid: Number(name), parent: fields[1], ticks: fields[11] + fields[12], endedTicks: fields[13] + fields[14] },
    ];
  });
}

function textOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended
  }
}
