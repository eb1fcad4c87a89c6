import { createHash } from 'node:crypto';
import type { KeyCheck } from '../../src/api/admitKey.js';
import { ApiKeys } from '../../src/api/apiKeys.js';
import { KeyThrottle } from '../../src/api/keyThrottle.js';
import { REST_LIMITS } from '../../src/api/rest.js';
import { LOCAL_TENANT, VoicePrintsError } from '../../src/index.js';

const SHORTEST_KEY = 8;

/** Who may call a store, the same on all of its surfaces; wrong keys count together. Throws CONFIG_INVALID without a key. */
export function storeKeys(apiKey: string | undefined): KeyCheck {
  if (!apiKey || apiKey.length < SHORTEST_KEY) {
    throw new VoicePrintsError(
      'CONFIG_INVALID',
      `a speaker store never opens without a key to other programs; enter an API key of ${SHORTEST_KEY} characters or more`,
    );
  }
  // As a digest: a key may hold any character, and none of it stays in memory.
  const digest = createHash('sha256').update(apiKey, 'utf8').digest('hex');
  return {
    keys: ApiKeys.fromPairs([`${LOCAL_TENANT}:sha256:${digest}`]),
    throttle: new KeyThrottle(REST_LIMITS.maxWrongKeysPerMinute),
  };
}
