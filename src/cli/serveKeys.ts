import { join } from 'node:path';
import { ApiKeys, keysOfPairs } from '../api/apiKeys.js';
import { SCOPES } from '../api/keys/caller.js';
import { KeyRing } from '../api/keys/keyRing.js';
import { LOCAL_TENANT, VoicePrintsError } from '../index.js';
import type { Terminal } from './command.js';
import { KEY_FILE } from './keys.js';
import { readText } from './readBytes.js';

export interface ServeKeys {
  readonly keys: ApiKeys;
  /** The caller disposes it when the server has ended. */
  readonly ring: KeyRing;
  /** Given the one time a key is made. */
  readonly madeKey?: string;
}

/** The keys of `serve`: those of the store, and those of the environment or a file; with none at all one is made. */
export async function serveKeys(
  env: Terminal['env'],
  keyFile: string | undefined,
  storeDirectory: string,
): Promise<ServeKeys> {
  const ring = await KeyRing.open(join(storeDirectory, KEY_FILE));
  const given = keyFile === undefined ? env.VOICE_PRINTS_API_KEYS : await readText(keyFile);
  const pairs = keysOfPairs(given ?? '');
  if (given && pairs.length === 0) {
    throw new VoicePrintsError('CONFIG_INVALID', 'there is no API key; give pairs of tenant:key');
  }
  const keys = new ApiKeys(() => [...pairs, ...ring.current()]);
  if (pairs.length > 0 || ring.current().length > 0) return { keys, ring };
  const { key } = await ring.create({ tenantId: LOCAL_TENANT, scopes: SCOPES, label: 'made by serve' });
  return { keys, ring, madeKey: key };
}
