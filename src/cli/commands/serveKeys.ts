import { keysOfPairs } from '../../api/access/apiKeys.js';
import { SCOPES } from '../../api/access/caller.js';
import { KeyRing } from '../../api/access/keyRing.js';
import { SharedUse } from '../../api/access/postgres/sharedUse.js';
import { type RingCheck, ringCheck } from '../../api/access/ringCheck.js';
import type { TrustedIngressOptions } from '../../api/access/trustedIngress.js';
import { present } from '../../core/present.js';
import type { StorePlace } from '../../core/storePlace.js';
import { LOCAL_TENANT, VoicePrintsError } from '../../index.js';
import type { Terminal } from '../command.js';
import { readText } from '../options/readBytes.js';

/** To be disposed by the caller when the server has ended. */
export interface ServeKeys extends AsyncDisposable {
  /** For all surfaces. */
  readonly check: RingCheck;
  readonly ring: KeyRing;
  /** Present only when a key was created. */
  readonly madeKey?: string;
}

interface ServeKeysOptions {
  readonly keyFile: string | undefined;
  /** See TrustedProxies. */
  readonly trustedProxies: string | undefined;
  /** Its users need no key. */
  readonly trustedIngress?: TrustedIngressOptions | undefined;
  readonly place: StorePlace;
  /** Whether a key is created where there is none: of a process that answers calls. */
  readonly isMaking: boolean;
}

/** The keys of `serve`: those of the store, and those of the environment or a file; where there are none, and no trusted ingress, one is created. */
export async function serveKeys(
  env: Terminal['env'],
  { keyFile, trustedProxies = env.VOICE_PRINTS_TRUSTED_PROXIES, trustedIngress, place, isMaking }: ServeKeysOptions,
): Promise<ServeKeys> {
  const pairs = keyFile === undefined ? env.VOICE_PRINTS_API_KEYS : await readText(keyFile);
  const given = keysOfPairs(pairs ?? '');
  if (pairs && given.length === 0) {
    throw new VoicePrintsError('CONFIG_INVALID', 'there is no API key; give pairs of tenant:key');
  }
  const ring = await KeyRing.open(place, { actor: 'command line' });
  const use = place.databaseUrl === undefined ? undefined : new SharedUse(place.databaseUrl);
  const close = async (): Promise<void> => {
    await use?.[Symbol.asyncDispose]();
    await ring[Symbol.asyncDispose]();
  };
  try {
    await use?.start();
    const check = ringCheck({ ring, given, use, trustedProxies, trustedIngress });
    const first = { tenantId: LOCAL_TENANT, scopes: SCOPES, label: 'created by serve' };
    const isKnown = trustedIngress !== undefined || given.length > 0;
    const made = isKnown || !isMaking ? undefined : await ring.createFirst(first);
    return { check, ring, ...present({ madeKey: made?.key }), [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
