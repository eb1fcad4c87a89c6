import { randomBytes } from 'node:crypto';

/** The one suite that every SDES device knows (RFC 4568, 6.2.1). */
const SUITE = 'AES_CM_128_HMAC_SHA1_80';
const KEY_BYTES = 16;
const SALT_BYTES = 14;

/** Master key and salt of one direction. Never logged, never in an event. */
export interface SrtpKey {
  readonly key: Buffer;
  readonly salt: Buffer;
}

/** A usable `a=crypto` line of the other side. */
export interface CryptoOffer {
  readonly id: number;
  readonly key: SrtpKey;
}

export function newSrtpKey(): SrtpKey {
  return { key: randomBytes(KEY_BYTES), salt: randomBytes(SALT_BYTES) };
}

interface CryptoAttribute {
  id: number;
  suite: string;
  config: string;
}

/** The lines we can use: the suite above, one key, no key identifiers (MKI), nothing left unencrypted. */
export function cryptoOffers(lines: readonly (CryptoAttribute & { sessionConfig?: string })[]): CryptoOffer[] {
  return lines.flatMap(({ id, suite, config, sessionConfig }) => {
    const inline = /^inline:([A-Za-z0-9+/]{40})(?:\|(?:2\^)?\d+)?$/.exec(config)?.[1];
    if (suite !== SUITE || !inline || /UNENCRYPTED|UNAUTHENTICATED/i.test(sessionConfig ?? '')) return [];
    const both = Buffer.from(inline, 'base64');
    return [{ id, key: { key: both.subarray(0, KEY_BYTES), salt: both.subarray(KEY_BYTES) } }];
  });
}

/** Our line. @param id that of the line it answers */
export function srtpAttribute({ key, salt }: SrtpKey, id: number): CryptoAttribute {
  return { id, suite: SUITE, config: `inline:${Buffer.concat([key, salt]).toString('base64')}` };
}
