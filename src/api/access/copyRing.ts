import type { StorePlace } from '../../core/storePlace.js';
import type { KeyRow, StoredRing } from './keyFile.js';
import { ringStoreOf } from './keyRing.js';

/** How many keys and limits the target did not have. */
export interface CopiedRing {
  readonly keys: number;
  readonly limits: number;
}

/**
 * Copies the keys of a store and the limits of its tenants. A key that either store has ended stays so; limits of the target are
 * kept, unless they are to be replaced. Throws as RingStore.change.
 */
export async function copyRing(from: StorePlace, to: StorePlace, isReplacing: boolean): Promise<CopiedRing> {
  await using source = ringStoreOf(from);
  await using target = ringStoreOf(to);
  const given = await source.read();
  const before = await target.read();
  const isNothing = given.keys.length === 0 && Object.keys(given.tenants).length === 0;
  if (!isNothing)
    await target.change(
      (ring) => joined(ring, given, isReplacing),
      () => undefined,
    );
  const known = new Set(before.keys.map(({ keyId }) => keyId));
  const tenants = Object.keys(given.tenants).filter((tenantId) => isReplacing || !(tenantId in before.tenants));
  return { keys: given.keys.filter(({ keyId }) => !known.has(keyId)).length, limits: tenants.length };
}

function joined(ring: StoredRing, given: StoredRing, isReplacing: boolean): StoredRing {
  const keys = new Map(ring.keys.map((row) => [row.keyId, row]));
  for (const row of given.keys) keys.set(row.keyId, ended(keys.get(row.keyId), row));
  const tenants = isReplacing ? { ...ring.tenants, ...given.tenants } : { ...given.tenants, ...ring.tenants };
  return { ...ring, keys: [...keys.values()], tenants };
}

/** Of the same key in two stores, the one that ends earlier. */
function ended(one: KeyRow | undefined, other: KeyRow): KeyRow {
  if (!one || other.isRevoked) return other;
  if (one.isRevoked || other.endsAt === undefined) return one;
  return one.endsAt === undefined || other.endsAt < one.endsAt ? other : one;
}
