import { keysOfPairs } from '../../api/access/apiKeys.js';
import { SCOPES } from '../../api/access/caller.js';
import { KeyRing } from '../../api/access/keyRing.js';
import { type RingCheck, ringCheck } from '../../api/access/ringCheck.js';
import type { TrustedIngressOptions } from '../../api/access/trustedIngress.js';
import type { StorePlace } from '../../core/storePlace.js';
import { LOCAL_TENANT, VoicePrintsError } from '../../index.js';
import type { Terminal } from '../command.js';
import { readText } from '../options/readBytes.js';

export interface ServeKeys {
  /** For all surfaces. */
  readonly check: RingCheck;
  /** To be disposed by the caller when the server has ended. */
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
  const ring = await KeyRing.open(place, { actor: 'command line' });
  const pairs = keyFile === undefined ? env.VOICE_PRINTS_API_KEYS : await readText(keyFile);
  const given = keysOfPairs(pairs ?? '');
  if (pairs && given.length === 0) {
    throw new VoicePrintsError('CONFIG_INVALID', 'there is no API key; give pairs of tenant:key');
  }
  const check = ringCheck({ ring, given, trustedProxies, trustedIngress });
  const isKnown = trustedIngress !== undefined || given.length > 0 || ring.current().length > 0;
  if (isKnown || !isMaking) return { check, ring };
  const { key } = await ring.create({ tenantId: LOCAL_TENANT, scopes: SCOPES, label: 'created by serve' });
  return { check, ring, madeKey: key };
}
