import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiKeys } from '../api/apiKeys.js';
import { VoicePrintsError } from '../index.js';
import type { Terminal } from './command.js';
import { readText } from './readBytes.js';
import { writeWhole } from './writeWhole.js';

/** Where a key made by us is kept, hashed, inside the store folder. */
const MADE_KEY_FILE = 'api-keys';

export interface ServeKeys {
  readonly keys: ApiKeys;
  /** Given the one time a key is made. */
  readonly madeKey?: string;
}

/** The keys of `serve`: from the environment, else a file, else the one made at the first start. */
export async function serveKeys(
  env: Terminal['env'],
  keyFile: string | undefined,
  storeDirectory: string,
): Promise<ServeKeys> {
  if (keyFile !== undefined) return { keys: ApiKeys.fromPairs(await readText(keyFile)) };
  if (env.VOICE_PRINTS_API_KEYS) return { keys: ApiKeys.fromPairs(env.VOICE_PRINTS_API_KEYS) };
  const path = join(storeDirectory, MADE_KEY_FILE);
  const kept = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    const told = `the made API key cannot be read (${error.code}); check the permissions of ${path}`;
    throw new VoicePrintsError('FILE_UNREADABLE', told, { cause: error });
  });
  if (kept !== undefined) return { keys: ApiKeys.fromPairs(kept) };
  const { keys, key } = ApiKeys.generate();
  await mkdir(storeDirectory, { recursive: true, mode: 0o700 });
  await writeWhole(path, `${keys.toHashedPairs().join('\n')}\n`, 0o600);
  return { keys, madeKey: key };
}
