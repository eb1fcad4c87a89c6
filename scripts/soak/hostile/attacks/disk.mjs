import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { HONEST_KEY, openServe } from '../serveTarget.mjs';

/** A write beyond the limit below fails, as on a full disk; without this it would end any process of Node.js. */
const env = { NODE_OPTIONS: '--import "data:text/javascript,process.on(\'SIGXFSZ\',()=>undefined)"' };

export const open = async (folder) => ({ ...(await openServe(folder, { env })), folder });

/** No file of the process may grow beyond this: a partition that is full, without one. */
function limitFiles({ program }, bytes) {
  const { status } = spawnSync('prlimit', [`--pid=${program.pid}`, `--fsize=${bytes}:unlimited`]);
  if (status !== 0) throw new Error('prlimit (util-linux) is needed');
}

async function jobs(url, path = '', init = {}) {
  const headers = { 'x-api-key': HONEST_KEY, 'content-type': 'application/json', connection: 'close' };
  const answer = await fetch(`${url}/v1/jobs${path}`, { headers, ...init });
  return { status: answer.status, body: await answer.json() };
}

/** A job that fails as soon as it is worked on: what counts is that it is not lost. */
function submit(url, requestId) {
  const body = { kind: 'vad', requestId, url: `http://127.0.0.1:9/${'x'.repeat(1_500)}` };
  return jobs(url, '', { method: 'POST', body: JSON.stringify(body) });
}

/** Submits until `count` are accepted; whatever is not must be told so. */
async function accepted(url, name, count, signal) {
  const ids = [];
  for (let i = 0; ids.length < count; i += 1) {
    signal.throwIfAborted();
    const { status, body } = await submit(url, `${name}-${i}`);
    if (status === 202) ids.push(`${name}-${i}`);
    else if (status !== 503) throw new Error(`a job was answered ${status} ${body.code}`);
    else await sleep(50, undefined, { signal });
  }
  return ids;
}

/** Fills the disk under many jobs at once, then makes room; the ids that were accepted, before, meanwhile and afterwards. */
async function throughFullDisk(target, signal) {
  const before = await accepted(target.url, 'before', 3, signal);
  limitFiles(target, 8_192);
  const during = await Promise.all(Array.from({ length: 30 }, (_, i) => submit(target.url, `during-${i}`)));
  limitFiles(target, 'unlimited');
  const kept = during.flatMap(({ status }, i) => (status === 202 ? [`during-${i}`] : []));
  if (kept.length === during.length) throw new Error('the disk was never full');
  return [...before, ...kept, ...(await accepted(target.url, 'after', 20, signal))];
}

export const attacks = {
  'a disk that fills up under jobs, and has room again': async (target, signal) => {
    await ended(target.url, await throughFullDisk(target, signal), signal);
  },

  'the same, then a kill': async ({ folder }, signal) => {
    const store = `${folder}/killed`;
    const victim = await openServe(store, { env });
    victim.program.died.catch(() => undefined);
    let owed;
    try {
      owed = await throughFullDisk(victim, signal);
    } finally {
      process.kill(victim.program.pid, 'SIGKILL');
    }
    await victim.program.died.catch(() => undefined);
    const again = await openServe(store);
    try {
      await ended(again.url, owed, signal);
    } finally {
      await again.close();
    }
  },
};

/** Every accepted job is there, and is over some day. */
async function ended(url, ids, signal) {
  for (const id of ids) {
    for (;;) {
      signal.throwIfAborted();
      const { status, body } = await jobs(url, `/${id}`);
      if (status !== 200) throw new Error(`an accepted job is gone: ${id} is answered ${status}`);
      if (!['queued', 'running'].includes(body.status)) break;
      await sleep(50, undefined, { signal });
    }
  }
}
