import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, sep } from 'node:path';
import { VoicePrintsError } from '../../core/errors.js';
import { failed, type HealthCheck, noted, passed } from './healthCheck.js';

const GIB = 2 ** 30;
/** Less than this is said; less than the second is too little for what waits to be worked on. */
const LITTLE_DISK_BYTES = GIB;
const TOO_LITTLE_DISK_BYTES = 0.05 * GIB;

/** Whether a folder that is not there yet can be made. Undefined where it is there. */
export async function missingFolderCheck(folder: string): Promise<HealthCheck | undefined> {
  const parent = await existingParent(folder);
  if (parent === folder) return undefined;
  try {
    await access(`${parent}${sep}`, constants.W_OK); // a file in the way is no folder
    return passed('store', `${folder} is made with the first person`);
  } catch (cause) {
    const message = `${folder} is not there and cannot be made; give this user the right to write in ${parent}, or name another folder`;
    return failed('store', new VoicePrintsError('REGISTRY_UNAVAILABLE', message, { cause }));
  }
}

/** Free space where the store lies, or will lie. */
export async function diskCheck(folder: string): Promise<HealthCheck> {
  try {
    const { bavail, bsize } = await statfs(await existingParent(folder));
    const free = bavail * bsize;
    const found = `${(free / GIB).toFixed(1)} GiB free`;
    if (free >= LITTLE_DISK_BYTES) return passed('disk', found);
    if (free >= TOO_LITTLE_DISK_BYTES) return noted('disk', found, 'free some space');
    throw new VoicePrintsError('FILE_UNWRITABLE', `${found}; free some space`);
  } catch (thrown) {
    return failed('disk', thrown);
  }
}

/** Whether `serve` can listen: on these ports of this machine. */
export async function portCheck(ports: readonly number[]): Promise<HealthCheck> {
  const taken: number[] = [];
  for (const port of ports) if (!(await isFree(port))) taken.push(port);
  const named = (some: readonly number[]) => some.join(', ');
  if (taken.length === 0) return passed('ports', `${named(ports)} free`);
  return noted(
    'ports',
    `${named(taken)} in use`,
    'a server of yours may already run there; else choose other ports (--port, --grpc-port)',
  );
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false; // taken, or not ours to use
  } finally {
    server.close();
  }
}

/** The folder itself, or the nearest above it that is there. */
async function existingParent(folder: string): Promise<string> {
  for (let place = folder; ; place = dirname(place)) {
    const isThere = await stat(place).then(
      () => true,
      () => false,
    );
    if (isThere || place === dirname(place)) return place;
  }
}
